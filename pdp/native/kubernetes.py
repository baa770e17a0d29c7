"""Kubernetes API requests: the verb is the action, the resource (with subresource) the target kind, as in RBAC.

Target kind is ``deployments`` or ``pods/exec`` (with the group appended for groups that are not built in), target name
``namespace/name``; ``*`` stands for every name or every namespace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pdp.native.agreement import Description, Native, NotUnderstood, settle
from pdp.types import Access, Action, Derived, JsonObject, KubernetesPayload, Target

VERBS: Final[Mapping[str, Access]] = {
    "get": Access.READ,
    "list": Access.READ,
    "watch": Access.READ,
    "head": Access.READ,
    "options": Access.READ,
    "create": Access.WRITE,
    "post": Access.WRITE,
    "update": Access.WRITE,
    "put": Access.WRITE,
    "patch": Access.WRITE,
    "delete": Access.DELETE,
    "deletecollection": Access.DELETE,
    "connect": Access.EXECUTE,
    "proxy": Access.EXECUTE,
    "use": Access.ADMINISTER,
    "escalate": Access.ADMINISTER,
    "bind": Access.ADMINISTER,
    "impersonate": Access.ADMINISTER,
    "approve": Access.ADMINISTER,
    "sign": Access.ADMINISTER,
    "attest": Access.ADMINISTER,
    "*": Access.ADMINISTER,
}
SUBRESOURCES: Final[Mapping[str, Access]] = {
    "log": Access.READ,
    "status": Access.READ,
    "scale": Access.READ,
    "metrics": Access.READ,
    "stats": Access.READ,
    "binding": Access.WRITE,
    "finalizers": Access.WRITE,
    "resize": Access.READ,
    "eviction": Access.DELETE,
    "finalize": Access.DELETE,
    "exec": Access.EXECUTE,
    "attach": Access.EXECUTE,
    "portforward": Access.EXECUTE,
    "proxy": Access.EXECUTE,
    "ephemeralcontainers": Access.EXECUTE,
    "token": Access.ADMINISTER,
    "approval": Access.ADMINISTER,
    "*": Access.ADMINISTER,
}
# Reading one of these hands out credentials; changing one of those below changes who may do what.
CREDENTIALS: Final = frozenset({"secrets"})
AUTHORITY: Final = frozenset(
    """roles rolebindings clusterroles clusterrolebindings serviceaccounts users groups certificatesigningrequests
    mutatingwebhookconfigurations validatingwebhookconfigurations validatingadmissionpolicies
    validatingadmissionpolicybindings mutatingadmissionpolicies mutatingadmissionpolicybindings podsecuritypolicies
    customresourcedefinitions apiservices nodes runtimeclasses priorityclasses flowschemas
    prioritylevelconfigurations networkpolicies resourcequotas limitranges""".split()
)
# Creating one of these asks a question and stores nothing.
REVIEWS: Final = frozenset(
    """subjectaccessreviews localsubjectaccessreviews selfsubjectaccessreviews selfsubjectrulesreviews
    selfsubjectreviews tokenreviews""".split()
)
CLUSTER_SCOPED: Final = frozenset(
    """nodes namespaces persistentvolumes clusterroles clusterrolebindings storageclasses csidrivers csinodes
    customresourcedefinitions apiservices mutatingwebhookconfigurations validatingwebhookconfigurations
    certificatesigningrequests priorityclasses runtimeclasses ingressclasses volumeattachments podsecuritypolicies
    subjectaccessreviews selfsubjectaccessreviews selfsubjectrulesreviews selfsubjectreviews tokenreviews users groups
    flowschemas prioritylevelconfigurations componentstatuses validatingadmissionpolicies clustertrustbundles
    validatingadmissionpolicybindings mutatingadmissionpolicies mutatingadmissionpolicybindings""".split()
)
RUNS_CODE: Final = frozenset(
    "pods deployments replicasets statefulsets daemonsets jobs cronjobs replicationcontrollers podtemplates".split()
)
ALIASES: Final[Mapping[str, str]] = {
    **{short: plural for plural, short in {
        "pods": "po", "services": "svc", "deployments": "deploy", "configmaps": "cm", "namespaces": "ns", "nodes": "no",
        "statefulsets": "sts", "daemonsets": "ds", "replicasets": "rs", "cronjobs": "cj", "serviceaccounts": "sa",
        "persistentvolumeclaims": "pvc", "persistentvolumes": "pv", "events": "ev", "endpoints": "ep",
        "horizontalpodautoscalers": "hpa", "ingresses": "ing", "networkpolicies": "netpol",
            "poddisruptionbudgets": "pdb",
        "customresourcedefinitions": "crd", "storageclasses": "sc", "replicationcontrollers": "rc",
        "certificatesigningrequests": "csr", "resourcequotas": "quota", "limitranges": "limits",
    }.items()},
    "networkpolicy": "networkpolicies", "ingress": "ingresses", "storageclass": "storageclasses",
    "priorityclass": "priorityclasses", "runtimeclass": "runtimeclasses", "ingressclass": "ingressclasses",
    "endpoint": "endpoints",
}  # fmt: skip
_PLURALS: Final = AUTHORITY | CREDENTIALS | CLUSTER_SCOPED | RUNS_CODE | frozenset(ALIASES.values())
_BUILT_IN_GROUPS: Final = frozenset(
    """apps batch autoscaling extensions policy networking.k8s.io rbac.authorization.k8s.io storage.k8s.io
    authentication.k8s.io authorization.k8s.io certificates.k8s.io admissionregistration.k8s.io
    apiextensions.k8s.io apiregistration.k8s.io coordination.k8s.io discovery.k8s.io events.k8s.io node.k8s.io
    scheduling.k8s.io flowcontrol.apiserver.k8s.io resource.k8s.io""".split()
)
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")
_WORD: Final = re.compile(r"[a-z][a-z0-9.-]{0,62}|\*")


def derive(payload: KubernetesPayload, target: Target, action: Action) -> Derived:
    """Derive from Kubernetes request attributes. ``action.params`` are namespace, name and subresource where given."""
    verb, resource, subresource = _words(payload)
    namespace, name = _name("namespace", payload.namespace), _name("name", payload.name)
    _name("group", payload.group)
    flags: list[str] = []
    access = _access(verb, resource, subresource, flags)
    scoped = resource in CLUSTER_SCOPED
    if not namespace and not scoped:
        flags.append("all_namespaces")
    kind = _kind(resource, payload.group, subresource)
    derived = Target(
        kind,
        (name or "*") if scoped else f"{namespace or '*'}/{name or '*'}",
        {"namespace": namespace, "group": payload.group},
    )
    params = {"namespace": namespace, "name": name, "subresource": subresource}
    facts: JsonObject = {
        "verb": verb,
        "resource": resource,
        "subresource": subresource,
        "group": payload.group,
        "namespace": namespace,
        "name": name,
        "cluster_scoped": scoped,
        "flags": flags,
    }
    native = Native(
        kind="kubernetes",
        target=derived,
        action=Action(verb, {k: v for k, v in params.items() if v}),
        access=access,
        facts=facts,
        descriptions=tuple(_descriptions(derived, payload, resource, subresource)),
        action_names=_action_names(verb, subresource),
    )
    return settle(native, target, action)


def _words(payload: KubernetesPayload) -> tuple[str, str, str]:
    verb = payload.verb.lower()
    resource, slash, inside = payload.resource.lower().partition("/")
    subresource = payload.subresource.lower()
    if slash and subresource and inside != subresource:
        raise NotUnderstood("kubernetes.resource: names another subresource than kubernetes.subresource")
    subresource = subresource or inside
    for field, word in (("verb", verb), ("resource", resource), ("subresource", subresource or "*")):
        if not _WORD.fullmatch(word):
            raise NotUnderstood(f"kubernetes.{field}: expected letters, digits, dots and dashes")
    return verb, plural(resource), subresource


def plural(resource: str) -> str:
    """The resource as the API names it: aliases and singulars of built-in kinds become the plural."""
    if resource in ALIASES:
        return ALIASES[resource]
    return f"{resource}s" if f"{resource}s" in _PLURALS else resource


def _name(field: str, name: str) -> str:
    """The name, empty where it stands for all of them."""
    if name and name != "*" and not _NAME.fullmatch(name):
        raise NotUnderstood(f"kubernetes.{field}: not a Kubernetes name")
    return "" if name == "*" else name


def _access(verb: str, resource: str, subresource: str, flags: list[str]) -> Access:
    access = VERBS.get(verb, Access.UNKNOWN)
    if verb == "deletecollection":
        flags.append("collection")
    if "*" in {verb, resource, subresource}:
        flags.append("wildcard")
        access = max(access, Access.ADMINISTER)
    if resource in REVIEWS and verb == "create":
        access = Access.READ
    if subresource:
        if subresource not in SUBRESOURCES:
            flags.append("unknown_subresource")
        access = max(access, SUBRESOURCES.get(subresource, Access.EXECUTE))
    if resource in CREDENTIALS:
        flags.append("secrets")
        access = max(access, Access.ADMINISTER)
    if resource in AUTHORITY and access is not Access.READ:
        flags.append("authority")
        access = max(access, Access.ADMINISTER)
    if resource in RUNS_CODE and access is Access.WRITE and not subresource:
        flags.append("runs_code")
    return access


def _kind(resource: str, group: str, subresource: str) -> str:
    full = resource if not group or group in _BUILT_IN_GROUPS else f"{resource}.{group}"
    return f"{full}/{subresource}" if subresource else full


def _descriptions(derived: Target, payload: KubernetesPayload, resource: str, subresource: str) -> list[Description]:
    kinds = {derived.kind}
    if not subresource:
        kinds.update(alias for alias, name in ALIASES.items() if name == resource)
        kinds.update({resource.removesuffix("s"), f"{resource}.{payload.group}"})
    found = [Description(kind, derived.name, derived) for kind in sorted(kinds)]
    if derived.attributes["namespace"] and payload.name not in {"", "*"}:
        found.extend(Description(kind, payload.name, derived) for kind in sorted(kinds))
    if payload.namespace not in {"", "*"} and resource not in CLUSTER_SCOPED:
        found.append(Description("namespace", payload.namespace))
    return found


def _action_names(verb: str, subresource: str) -> frozenset[str]:
    """``exec`` is what people call ``create pods/exec``; the verb alone always stands."""
    names = {f"{verb}/{subresource}", f"{verb} {subresource}"} if subresource else set()
    if subresource in {"exec", "attach", "portforward", "proxy"}:
        names.add(subresource)
    return frozenset(names)
