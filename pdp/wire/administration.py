"""What administration answers, to its protos and back."""

from __future__ import annotations

from collections.abc import Iterable

from pdp.errors import Problem
from pdp.reports import Activation, CaseFailure, CaseReport, Check, Edit, Status
from pdp.v1 import administration_pb2 as proto
from pdp.wire.decision import fill_position, position_from_proto


def status_to_proto(status: Status) -> proto.GetStatusResponse:
    """Write what is in force."""
    message = proto.GetStatusResponse(
        version=status.version,
        bundle=status.bundle,
        revision=status.revision,
        path=status.path,
        encoder=status.encoder,
        intents=status.intents,
        exemplars=status.exemplars,
        rules=status.rules,
        agents=status.agents,
        uptime_seconds=status.uptime_seconds,
        bundle_age_seconds=status.bundle_age_seconds,
        workers=status.workers,
        serving=status.serving,
    )
    message.problems.extend(problem_to_proto(p) for p in status.problems)
    return message


def status_from_proto(message: proto.GetStatusResponse) -> Status:
    """Read what is in force."""
    return Status(
        version=message.version,
        bundle=message.bundle,
        revision=message.revision,
        path=message.path,
        encoder=message.encoder,
        intents=message.intents,
        exemplars=message.exemplars,
        rules=message.rules,
        agents=message.agents,
        uptime_seconds=message.uptime_seconds,
        bundle_age_seconds=message.bundle_age_seconds,
        problems=problems_from_proto(message.problems),
        workers=message.workers,
        serving=message.serving,
    )


def activation_to_proto(activation: Activation) -> proto.ActivateBundleResponse:
    """Write that a bundle came into force."""
    return proto.ActivateBundleResponse(
        revision=activation.revision,
        previous_revision=activation.previous_revision,
        tests=_report_to_proto(activation.tests),
    )


def activation_from_proto(message: proto.ActivateBundleResponse) -> Activation:
    """Read that a bundle came into force."""
    return Activation(message.revision, message.previous_revision, _report_from_proto(message.tests))


def check_to_proto(check: Check) -> proto.CheckBundleResponse:
    """Write whether a bundle could be activated."""
    message = proto.CheckBundleResponse(
        usable=check.usable, revision=check.revision, tests=_report_to_proto(check.tests)
    )
    message.problems.extend(problem_to_proto(p) for p in check.problems)
    return message


def check_from_proto(message: proto.CheckBundleResponse) -> Check:
    """Read whether a bundle could be activated."""
    return Check(
        message.usable, message.revision, problems_from_proto(message.problems), _report_from_proto(message.tests)
    )


def edit_to_proto(edit: Edit) -> proto.EditExemplarResponse:
    """Write that an exemplar was added or removed."""
    message = proto.EditExemplarResponse(
        revision=edit.revision, previous_revision=edit.previous_revision, tests=_report_to_proto(edit.tests)
    )
    fill_position(message.position, edit.position)
    return message


def edit_from_proto(message: proto.EditExemplarResponse) -> Edit:
    """Read that an exemplar was added or removed."""
    return Edit(
        message.revision,
        message.previous_revision,
        position_from_proto(message.position),
        _report_from_proto(message.tests),
    )


def problem_to_proto(problem: Problem) -> proto.Problem:
    """Write one mistake in a bundle."""
    message = proto.Problem(message=problem.message, fix=problem.fix)
    message.position.file, message.position.line, message.position.column = problem.file, problem.line, problem.column
    return message


def problems_from_proto(messages: Iterable[proto.Problem]) -> tuple[Problem, ...]:
    """Read mistakes in a bundle."""
    return tuple(Problem(m.position.file, m.position.line, m.position.column, m.message, m.fix) for m in messages)


def _report_to_proto(report: CaseReport) -> proto.TestReport:
    message = proto.TestReport(passed=report.passed, failed=report.failed)
    for failure in report.failures:
        broken = message.failures.add(name=failure.name, message=failure.message)
        fill_position(broken.position, failure.position)
    return message


def _report_from_proto(message: proto.TestReport) -> CaseReport:
    failures = tuple(CaseFailure(f.name, position_from_proto(f.position), f.message) for f in message.failures)
    return CaseReport(message.passed, message.failed, failures)
