"""The files in deploy/ fit the service: settings, ports, probes, metrics and limits are those of the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from pdp import metrics
from pdp.config.model import SETTINGS

DEPLOY = Path(__file__).parents[1] / "deploy"
MANIFEST = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def of_kind(kind: str) -> dict:
    """The manifest of this kind."""
    return next(one for one in MANIFEST if one["kind"] == kind)


SETTINGS_MAP = of_kind("ConfigMap")["data"]["pdp.toml"]
POD = of_kind("Deployment")["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]


@pytest.mark.parametrize("text", [(DEPLOY / "pdp.toml").read_text(), SETTINGS_MAP], ids=["pdp.toml", "kubernetes"])
def test_the_settings_are_settings(text):
    """Every key exists and its value is of the right kind; what is exposed has mutual TLS and callers."""
    values = tomllib.loads(text)
    for name, raw in values.items():
        SETTINGS[name].kind.read(raw, Path())
    assert {"tls_certificate", "tls_key", "tls_client_ca", "callers"} <= values.keys()


def test_ports_and_mounts_fit_the_settings():
    """The container's ports are those that the settings open, and every path in them is mounted."""
    values = tomllib.loads(SETTINGS_MAP)
    ports = {p["name"]: p["containerPort"] for p in CONTAINER["ports"]}
    assert values["listen"].endswith(f":{ports['grpc']}")
    assert values["metrics_listen"].endswith(f":{ports['metrics']}")
    mounts = tuple(m["mountPath"] for m in CONTAINER["volumeMounts"])
    assert all(values[name].startswith(mounts) for name in ("bundle", "tls_certificate", "tls_key", "tls_client_ca"))
    assert {m["name"] for m in CONTAINER["volumeMounts"]} == {v["name"] for v in POD["volumes"]}


def test_probes_ask_what_the_metrics_port_answers():
    """Readiness and liveness are different questions, asked where no client certificate is needed."""
    paths = {kind: CONTAINER[kind]["httpGet"] for kind in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert [paths[k]["path"] for k in paths] == ["/ready", "/ready", "/live"]
    assert {probe["port"] for probe in paths.values()} == {"metrics"}


def test_the_container_may_do_nothing_but_serve():
    """No root, no capability, no writable root file system, no token, no way out."""
    assert POD["securityContext"]["runAsNonRoot"]
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert POD["automountServiceAccountToken"] is False
    assert POD["enableServiceLinks"] is False
    assert of_kind("NetworkPolicy")["spec"]["egress"] == []


def test_shutdown_has_the_time_it_needs():
    """Orchestrators wait longer than the pause before and the grace after SIGTERM, with room to kill stragglers."""
    grace = SETTINGS["shutdown_grace"].default
    pause = int(CONTAINER["lifecycle"]["preStop"]["exec"]["command"][1])
    assert POD["terminationGracePeriodSeconds"] >= pause + grace + 10
    unit = (DEPLOY / "pdp.service").read_text()
    assert int(re.search(r"TimeoutStopSec=(\d+)", unit)[1]) >= grace + 10
    assert "KillMode=mixed" in unit


def test_alerts_name_metrics_that_exist():
    """Every metric in the example alerts is declared by the service."""
    rules = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["groups"][0]["rules"]
    declared = {f"{m._name}_total" for m in vars(metrics).values() if hasattr(m, "_name")}
    named = {word for rule in rules for word in re.findall(r"\bpdp_\w+", rule["expr"])}
    assert named
    assert named <= declared


def test_the_image_downloads_only_what_is_locked():
    """Every pip command that may download checks hashes; the others have no index."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    for command in re.findall(r"pip (?:install|wheel)[^&\n]*", text):
        assert "--require-hashes" in command or "--no-index" in command
    for source in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE):
        assert all((DEPLOY.parent / name).exists() for name in source.split() if name != "LICENSE")
