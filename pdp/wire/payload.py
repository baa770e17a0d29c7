"""Native payloads: what a gateway is about to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from pdp.errors import LimitExceeded
from pdp.types import CloudPayload, HttpPayload, KubernetesPayload, McpPayload, Payload, SqlPayload, SshPayload
from pdp.v1 import types_pb2 as proto
from pdp.wire.bounds import Bounds
from pdp.wire.values import fill_struct, json_from_struct, name, text


def payload_from_proto(message: proto.Payload, field: str, bounds: Bounds) -> Payload | None:
    """Read the payload; None when no kind is set. Raises ``InvalidRequest`` or ``LimitExceeded``."""
    kind = message.WhichOneof("kind")
    return None if kind is None else READERS[kind](message, f"{field}.{kind}", bounds)


def fill_payload(message: proto.Payload, payload: Payload, field: str) -> None:
    """Write ``payload`` into the empty ``message``. Raises ``InvalidRequest`` for values that JSON cannot hold."""
    match payload:
        case SqlPayload(sql, dialect, database):
            _fill(message.sql, text=sql, dialect=dialect, database=database)
        case McpPayload(server, tool, arguments):
            _fill(message.mcp, server=server, tool=tool)
            fill_struct(message.mcp.arguments, arguments, f"{field}.mcp.arguments")
        case HttpPayload(method, host, path, headers):
            _fill(message.http, method=method, host=host, path=path)
            message.http.headers.update(headers)
        case KubernetesPayload(verb, resource, group, namespace, named, subresource):
            _fill(message.kubernetes, verb=verb, resource=resource, group=group, namespace=namespace)
            _fill(message.kubernetes, name=named, subresource=subresource)
        case SshPayload(host, command, user):
            _fill(message.ssh, host=host, command=command, user=user)
        case CloudPayload(provider, service, operation, resource, region, params):
            _fill(message.cloud, provider=provider, service=service, operation=operation)
            _fill(message.cloud, resource=resource, region=region)
            fill_struct(message.cloud.params, params, f"{field}.cloud.params")
        case _:
            assert_never(payload)


def _fill(
    message: proto.SqlPayload
    | proto.McpPayload
    | proto.HttpPayload
    | proto.KubernetesPayload
    | proto.SshPayload
    | proto.CloudPayload,
    **fields: str,
) -> None:
    # The kind must be set even when every field of it is empty.
    message.SetInParent()
    for key, value in fields.items():
        setattr(message, key, value)


def _sql(message: proto.Payload, field: str, bounds: Bounds) -> SqlPayload:
    sql = message.sql
    return SqlPayload(
        text=text(sql.text, f"{field}.text", bounds.string_characters),
        dialect=name(sql.dialect, f"{field}.dialect", bounds),
        database=name(sql.database, f"{field}.database", bounds),
    )


def _mcp(message: proto.Payload, field: str, bounds: Bounds) -> McpPayload:
    mcp = message.mcp
    return McpPayload(
        server=name(mcp.server, f"{field}.server", bounds),
        tool=name(mcp.tool, f"{field}.tool", bounds),
        arguments=json_from_struct(mcp.arguments, f"{field}.arguments", bounds),
    )


def _http(message: proto.Payload, field: str, bounds: Bounds) -> HttpPayload:
    http = message.http
    return HttpPayload(
        method=name(http.method, f"{field}.method", bounds),
        host=name(http.host, f"{field}.host", bounds),
        path=text(http.path, f"{field}.path", bounds.string_characters),
        headers=_headers(http.headers, f"{field}.headers", bounds),
    )


def _headers(headers: Mapping[str, str], field: str, bounds: Bounds) -> dict[str, str]:
    if len(headers) > bounds.values:
        raise LimitExceeded(field, f"has {len(headers)} entries; the limit is {bounds.values}")
    return {
        name(key, f"{field} (a name)", bounds): text(headers[key], f"{field}.{key}", bounds.string_characters)
        for key in sorted(headers)
    }


def _kubernetes(message: proto.Payload, field: str, bounds: Bounds) -> KubernetesPayload:
    kubernetes = message.kubernetes
    return KubernetesPayload(
        verb=name(kubernetes.verb, f"{field}.verb", bounds),
        resource=name(kubernetes.resource, f"{field}.resource", bounds),
        group=name(kubernetes.group, f"{field}.group", bounds),
        namespace=name(kubernetes.namespace, f"{field}.namespace", bounds),
        name=name(kubernetes.name, f"{field}.name", bounds),
        subresource=name(kubernetes.subresource, f"{field}.subresource", bounds),
    )


def _ssh(message: proto.Payload, field: str, bounds: Bounds) -> SshPayload:
    ssh = message.ssh
    return SshPayload(
        host=name(ssh.host, f"{field}.host", bounds),
        command=text(ssh.command, f"{field}.command", bounds.string_characters),
        user=name(ssh.user, f"{field}.user", bounds),
    )


def _cloud(message: proto.Payload, field: str, bounds: Bounds) -> CloudPayload:
    cloud = message.cloud
    return CloudPayload(
        provider=name(cloud.provider, f"{field}.provider", bounds),
        service=name(cloud.service, f"{field}.service", bounds),
        operation=name(cloud.operation, f"{field}.operation", bounds),
        resource=name(cloud.resource, f"{field}.resource", bounds),
        region=name(cloud.region, f"{field}.region", bounds),
        params=json_from_struct(cloud.params, f"{field}.params", bounds),
    )


READERS: Mapping[str, Callable[[proto.Payload, str, Bounds], Payload]] = {
    "sql": _sql,
    "mcp": _mcp,
    "http": _http,
    "kubernetes": _kubernetes,
    "ssh": _ssh,
    "cloud": _cloud,
}
