"""Kubernetes request attributes: RBAC's own words, with what is more dangerous than its verb."""

import pytest

from pdp.native import derive
from pdp.native.kubernetes import ALIASES, AUTHORITY, REVIEWS, RUNS_CODE, SUBRESOURCES, VERBS
from pdp.types import Access, Action, KubernetesPayload, Target

R, W, D, E, A = Access.READ, Access.WRITE, Access.DELETE, Access.EXECUTE, Access.ADMINISTER


def ask(verb, resource, namespace="shop", name="", subresource="", group=""):
    payload = KubernetesPayload(verb, resource, group, namespace, name, subresource)
    return derive(payload, Target("", ""), Action(""))


@pytest.mark.parametrize(
    "verb, resource, rest, kind, name, access, flags",
    [
        ("get", "pods", {"name": "web-1"}, "pods", "shop/web-1", R, set()),
        ("list", "pods", {}, "pods", "shop/*", R, set()),
        ("list", "pods", {"namespace": ""}, "pods", "*/*", R, {"all_namespaces"}),
        ("list", "pods", {"namespace": "*"}, "pods", "*/*", R, {"all_namespaces"}),
        ("get", "nodes", {"namespace": "", "name": "n1"}, "nodes", "n1", R, set()),
        ("list", "namespaces", {"namespace": ""}, "namespaces", "*", R, set()),
        ("create", "deployments", {"group": "apps"}, "deployments", "shop/*", W, {"runs_code"}),
        ("patch", "services", {"name": "a"}, "services", "shop/a", W, set()),
        ("delete", "pods", {"name": "a"}, "pods", "shop/a", D, set()),
        ("deletecollection", "pods", {}, "pods", "shop/*", D, {"collection"}),
        ("get", "pods", {"name": "a", "subresource": "log"}, "pods/log", "shop/a", R, set()),
        ("get", "pods/log", {"name": "a"}, "pods/log", "shop/a", R, set()),
        ("create", "pods", {"name": "a", "subresource": "exec"}, "pods/exec", "shop/a", E, set()),
        ("get", "pods", {"name": "a", "subresource": "exec"}, "pods/exec", "shop/a", E, set()),
        ("create", "pods", {"name": "a", "subresource": "portforward"}, "pods/portforward", "shop/a", E, set()),
        ("get", "services", {"name": "a", "subresource": "proxy"}, "services/proxy", "shop/a", E, set()),
        ("patch", "pods", {"name": "a", "subresource": "ephemeralcontainers"}, "pods/ephemeralcontainers", "shop/a",
            E, set()),
        ("create", "pods", {"name": "a", "subresource": "eviction"}, "pods/eviction", "shop/a", D, set()),
        ("patch", "deployments", {"name": "a", "subresource": "scale"}, "deployments/scale", "shop/a", W, set()),
        ("get", "deployments", {"name": "a", "subresource": "scale"}, "deployments/scale", "shop/a", R, set()),
        ("get", "machines", {"name": "a", "subresource": "console", "group": "x.example"}, "machines.x.example/console",
         "shop/a", E, {"unknown_subresource"}),
        ("get", "secrets", {"name": "a"}, "secrets", "shop/a", A, {"secrets"}),
        ("list", "secret", {}, "secrets", "shop/*", A, {"secrets"}),
        ("create", "rolebindings", {"group": "rbac.authorization.k8s.io"}, "rolebindings", "shop/*", A, {"authority"}),
        ("get", "rolebindings", {"group": "rbac.authorization.k8s.io"}, "rolebindings", "shop/*", R, set()),
        ("create", "serviceaccounts", {"name": "a", "subresource": "token"}, "serviceaccounts/token", "shop/a", A,
            {"authority"}),
        ("impersonate", "users", {"namespace": "", "name": "root"}, "users", "root", A, {"authority"}),
        ("escalate", "clusterroles", {"namespace": "", "name": "a"}, "clusterroles", "a", A, {"authority"}),
        ("*", "pods", {}, "pods", "shop/*", A, {"wildcard"}),
        ("get", "*", {}, "*", "shop/*", A, {"wildcard"}),
        ("create", "selfsubjectaccessreviews", {"namespace": ""}, "selfsubjectaccessreviews", "*", R, set()),
        ("get", "pods", {"name": "a", "group": "metrics.k8s.io"}, "pods.metrics.k8s.io", "shop/a", R, set()),
        ("GET", "Pods", {"name": "a"}, "pods", "shop/a", R, set()),
        ("frob", "pods", {"name": "a"}, "pods", "shop/a", Access.UNKNOWN, set()),
    ],
)  # fmt: skip
def test_requests_are_what_rbac_would_call_them(verb, resource, rest, kind, name, access, flags):
    """Resource with subresource, namespace with name, and the access that goes with them."""
    derived = ask(verb, resource, **rest)
    assert (derived.target.kind, derived.target.name, derived.access) == (kind, name, access)
    assert derived.action.name == verb.lower()
    assert set(derived.facts["flags"]) == flags


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("subresource", sorted(SUBRESOURCES))
def test_the_worse_of_verb_and_subresource_counts(verb, subresource):
    """Neither hides the other."""
    access = ask(verb, "widgets", name="a", subresource=subresource).access
    assert access >= max(VERBS[verb], SUBRESOURCES[subresource])


@pytest.mark.parametrize("resource", sorted(AUTHORITY))
def test_changing_authority_administers(resource):
    """Whatever decides who may do what is not an ordinary object."""
    assert ask("patch", resource, name="a").access is A
    assert ask("get", resource, name="a").access is R


@pytest.mark.parametrize("resource", sorted(RUNS_CODE))
def test_what_runs_code_is_flagged(resource):
    """Creating it is creating processes."""
    assert "runs_code" in ask("create", resource).facts["flags"]


@pytest.mark.parametrize("resource", sorted(REVIEWS))
def test_reviews_only_ask(resource):
    """A review stores nothing."""
    assert ask("create", resource, namespace="").access is R


@pytest.mark.parametrize(
    "payload",
    [
        KubernetesPayload("", "pods"),
        KubernetesPayload("get", ""),
        KubernetesPayload("get it", "pods"),
        KubernetesPayload("get", "pods?x"),
        KubernetesPayload("get", "pods/exec", subresource="log"),
        KubernetesPayload("get", "pods/exec/x"),
        KubernetesPayload("get", "pods", namespace="a/b"),
        KubernetesPayload("get", "pods", namespace="../kube-system"),
        KubernetesPayload("get", "pods", name="a b"),
        KubernetesPayload("get", "pods", name="a*"),
        KubernetesPayload("get", "pods", group="a/b"),
        KubernetesPayload("get", "pöds"),
    ],
)
def test_words_that_kubernetes_does_not_know_are_refused(payload):
    """A name that could not exist is an attempt to look like another."""
    assert not derive(payload, Target("", ""), Action("")).parsed


@pytest.mark.parametrize(
    "kind, name, action",
    [
        ("deployments", "shop/web", "patch"),
        ("deployment", "shop/web", "PATCH"),
        ("deploy", "web", ""),
        ("deployments.apps", "shop/web", "patch"),
        ("namespace", "shop", "patch"),
        ("", "shop/web", ""),
        ("deployments", "", ""),
    ],
)
def test_true_names_are_accepted(kind, name, action):
    """Singular, short and bare names become the derived one; the namespace stays."""
    payload = KubernetesPayload("patch", "deployments", "apps", "shop", "web")
    derived = derive(payload, Target(kind, name), Action(action))
    assert derived.mismatches == ()
    assert derived.target.name == ("shop" if kind == "namespace" else "shop/web")


@pytest.mark.parametrize(
    "kind, name, action",
    [
        ("pods", "shop/web", "patch"),
        ("deployments", "shop/api", "patch"),
        ("deployments", "search/web", "patch"),
        ("namespace", "search", "patch"),
        ("deployments/scale", "shop/web", "patch"),
        ("deployments", "shop/web", "get"),
        ("deployments", "shop/web", "exec"),
    ],
)
def test_lies_are_mismatches(kind, name, action):
    """Another resource, name, namespace, subresource or verb."""
    payload = KubernetesPayload("patch", "deployments", "apps", "shop", "web")
    assert len(derive(payload, Target(kind, name), Action(action)).mismatches) == 1


@pytest.mark.parametrize("action", ["create", "create/exec", "create exec", "exec"])
def test_exec_has_its_usual_names(action):
    """What people call exec is create on pods/exec."""
    payload = KubernetesPayload("create", "pods", "", "shop", "web", "exec")
    assert derive(payload, Target("pods/exec", "shop/web"), Action(action)).mismatches == ()
    assert derive(payload, Target("pods", "shop/web"), Action(action)).mismatches != ()


def test_params_and_attributes_must_be_true():
    """Namespace and name may be declared again, with the same value."""
    payload = KubernetesPayload("get", "pods", "", "shop", "web")
    true = derive(payload, Target("", "", {"namespace": "shop", "team": "x"}), Action("get", {"name": "web"}))
    assert true.mismatches == ()
    assert true.target.attributes == {"namespace": "shop", "group": "", "team": "x"}
    assert derive(payload, Target("", "", {"namespace": "search"}), Action("")).mismatches != ()
    assert derive(payload, Target("", ""), Action("get", {"name": "api"})).mismatches != ()
    assert derive(payload, Target("", ""), Action("get", {"replicas": 3})).mismatches != ()


@pytest.mark.parametrize("alias, plural", sorted(ALIASES.items()))
def test_aliases_are_the_plural(alias, plural):
    """A gateway that passes kubectl's words means the same resource."""
    assert ask("get", alias, name="a").facts["resource"] == plural
