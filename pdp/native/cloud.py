"""Cloud API calls: ``service:Operation`` is the action, the service the target kind, the resource its name.

Access comes from the verb that leads the operation (``DescribeInstances``, ``describe-instances``,
``instances.delete``,
``virtualMachines/start/action``), raised by words in the rest of the name and by the service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pdp.native.agreement import Description, Native, NotUnderstood, settle
from pdp.types import Access, Action, CloudPayload, Derived, JsonObject, Target

VERBS: Final[Mapping[str, Access]] = {
    verb: access
    for access, verbs in {
        Access.READ: """describe get list head lookup search query scan select check view read show filter preview
            estimate validate verify simulate test count is has detect discover download export aggregated wait
            access""",
        Access.WRITE: """create put update add insert set modify upload copy write tag untag register import enable
            associate attach allocate request publish send post patch change apply merge replace restore complete
            initiate subscribe unsubscribe confirm label sync configure move rename increase decrease resize
            assign unassign provision renew extend rebalance notify undelete upgrade record retain""",
        Access.DELETE: """delete terminate remove deregister release purge destroy drop detach disassociate deprovision
            disable reset revoke empty expire discard unregister schedule""",
        Access.EXECUTE: """run invoke start execute reboot restart submit call trigger launch deploy resume rerun retry
            promote failover dispatch eval ssh abort cancel stop suspend deallocate""",
        Access.ADMINISTER: """assume authorize grant impersonate elevate approve sign federate pass share accept
            generate rotate leave invite decrypt encrypt admin""",
    }.items()
    for verb in verbs.split()
}
# Words anywhere in an operation that changes something: they decide who may do what, or who sees what.
_AUTHORITY_WORDS: Final = frozenset(
    """policy policies permission permissions acl acls role roles credential credentials iam grant grants trail trails
    firewall firewalls organization organizations membership memberships password federation detector""".split()
)
_AUTHORITY_NAMES: Final = re.compile(
    r"accesskey|loginprofile|mfadevice|publicaccess|securitygroup|serviceaccount|snapshotattribute|imageattribute"
    r"|instanceprofile|samlprovider|oidcprovider|openidconnect|flowlogs|metadataoptions|keyring"
)
_AUTHORITY_SERVICES: Final = frozenset(
    """iam sts organizations sso sso-admin identitystore kms cloudresourcemanager ram account cloudtrail guardduty
    securityhub microsoft.authorization authorization iamcredentials cognito-idp accessanalyzer cloudkms""".split()
)
# Reads that hand out working credentials: the name says "get", the effect is authority.
_CREDENTIAL_READS: Final = re.compile(
    r"getsessiontoken|getfederationtoken|getcredentials|getrolecredentials|getclustercredentials|getauthorizationtoken"
    r"|getpassworddata|listkeys|listcredentials|listaccountsas|listservicesas|getaccesstoken|getopenidtoken|listsecrets?action"
    r"|getiddtoken|getdatabasecredentials|getlogintoken|getidtoken"
)
_SECRET_READS: Final = re.compile(
    r"getsecretvalue|getparameters?(?:bypath)?(?:history)?$|access\w*(?:secret|version)|getsecret|decrypt$"
)
_DATA_READS: Final = re.compile(
    r"get(?:storage)?object|downloadobject|selectobject|getitem|batchgetitem|query$|scan$|getrecords|receivemessage|getlogevents|filterlogevents"
    r"|getqueryresults|getjobs?queryresults|downloaddb|getdocument|getfile|getblob|getrow|readrows"
    r"|list\w*tabledata|getdata|getfunction$|gettranscript|getsnapshotblock"
)
_EXPOSES: Final = re.compile(
    r"authorizesecuritygroup|modifysnapshotattribute|modifyimageattribute|putbucketacl|putobjectacl"
    r"|putbucketpolicy|addpermission|publicaccess|setiampolicy|putresourcepolicy|shareresource"
)

_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_OPERATION: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,159}")
_SERVICE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
_ALL: Final = frozenset({"", "*"})


def derive(payload: CloudPayload, target: Target, action: Action) -> Derived:
    """Derive from a cloud API call. Declared params, where given, must be all of the call's parameters."""
    if not _SERVICE.fullmatch(payload.service):
        raise NotUnderstood("cloud.service: expected letters, digits, dots and dashes")
    service = payload.service.lower()
    operation = _own_part(service, payload.operation)
    if not _OPERATION.fullmatch(operation):
        raise NotUnderstood("cloud.operation: expected letters, digits and any of _ . : / -")
    words = operation_words(operation)
    flags: list[str] = []
    access = _access(service, words, payload, flags)
    resource = payload.resource
    if resource in _ALL or resource.endswith("/*"):
        flags.append("every_resource")
    facts: JsonObject = {
        "provider": payload.provider.lower(),
        "service": service,
        "operation": operation,
        "verb": words[0] if words else "",
        "resource": resource,
        "region": payload.region,
        "flags": flags,
    }
    derived = Target(service, resource, {"provider": payload.provider.lower(), "region": payload.region})
    native = Native(
        kind="cloud",
        target=derived,
        action=Action(f"{service}:{operation}", payload.params),
        access=access,
        facts=facts,
        descriptions=(Description(f"{payload.provider.lower()}:{service}", resource, derived),),
        action_names=frozenset({operation.lower(), payload.operation.lower(), f"{service}.{operation}".lower()}),
        whole_params=True,
    )
    return settle(native, target, action)


def _own_part(service: str, operation: str) -> str:
    """``s3:GetObject`` under service ``s3`` is ``GetObject``; another service in front is not understood."""
    lead, colon, rest = operation.partition(":")
    if not colon:
        return operation
    if lead.lower() != service:
        raise NotUnderstood("cloud.operation: names another service than cloud.service")
    return rest


def operation_words(operation: str) -> list[str]:
    """Lower-case words of an operation with its verb first, whatever the provider's way of writing it."""
    segments = [s for s in re.split(r"[./:]", operation) if s]
    if len(segments) > 1 and segments[-1].lower() == "action":
        segments.pop()
    if not segments:
        return []
    verb_segment = _PARTS.findall(segments[-1])
    rest = [p for s in segments[:-1] for p in _PARTS.findall(s)]
    return [w.lower() for w in (*verb_segment, *rest)]


def _access(service: str, words: list[str], payload: CloudPayload, flags: list[str]) -> Access:
    name = "".join(words)
    verbs = _verbs(words)
    access = max((VERBS.get(v, Access.UNKNOWN) for v in verbs), default=Access.UNKNOWN)
    if _CREDENTIAL_READS.match(name):
        flags.append("credentials")
        access = max(access, Access.ADMINISTER)
    if _SECRET_READS.match(name) and not _is_plain_parameter(name, payload):
        flags.append("secret_read")
    elif _DATA_READS.match(name):
        flags.append("data_read")
    if access is not Access.READ:
        if service in _AUTHORITY_SERVICES or _AUTHORITY_NAMES.search(name) or _AUTHORITY_WORDS & set(words):
            flags.append("authority")
            access = max(access, Access.ADMINISTER)
        if _EXPOSES.search(name):
            flags.append("exposes")
    return access


def _verbs(words: list[str]) -> list[str]:
    """The leading verb, or the one behind a wrapping word (``BatchGetItem``, ``TransactWriteItems``)."""
    if len(words) > 1 and words[0] in {"batch", "transact", "bulk"}:
        return [words[1]] if words[1] in VERBS else ["execute"]
    if len(words) > 1 and words[0] == "send" and words[1] == "command":
        return ["execute"]
    return words[:1]


def _is_plain_parameter(name: str, payload: CloudPayload) -> bool:
    """A parameter read without decryption returns no secret (secure strings come back encrypted)."""
    decrypts = any(str(k).lower().replace("-", "") == "withdecryption" and v for k, v in payload.params.items())
    return name.startswith("getparameter") and not decrypts
