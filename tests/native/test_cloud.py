"""Cloud API calls in each provider's way of writing, and what is worse than its verb."""

import pytest

from pdp.native import derive
from pdp.types import Access, Action, CloudPayload, Target

R, W, D, E, A, U = Access.READ, Access.WRITE, Access.DELETE, Access.EXECUTE, Access.ADMINISTER, Access.UNKNOWN


@pytest.mark.parametrize(
    "provider, service, operation, params, access, flags",
    [
        ("aws", "ec2", "DescribeInstances", {}, R, set()),
        ("aws", "ec2", "describe-instances", {}, R, set()),
        ("aws", "s3", "ListBuckets", {}, R, set()),
        ("aws", "s3", "GetObject", {}, R, {"data_read"}),
        ("aws", "s3", "s3:GetObject", {}, R, {"data_read"}),
        ("aws", "dynamodb", "BatchGetItem", {}, R, {"data_read"}),
        ("aws", "dynamodb", "Query", {}, R, {"data_read"}),
        ("aws", "logs", "FilterLogEvents", {}, R, {"data_read"}),
        ("aws", "secretsmanager", "GetSecretValue", {}, R, {"secret_read"}),
        ("aws", "ssm", "GetParameter", {"Name": "a"}, R, set()),
        ("aws", "ssm", "GetParameter", {"Name": "a", "WithDecryption": True}, R, {"secret_read"}),
        ("aws", "ssm", "get-parameters-by-path", {"with-decryption": True}, R, {"secret_read"}),
        ("aws", "sts", "GetSessionToken", {}, A, {"credentials", "authority"}),
        ("aws", "ec2", "GetPasswordData", {}, A, {"credentials", "authority"}),
        ("aws", "s3", "PutObject", {}, W, set()),
        ("aws", "ec2", "CreateTags", {}, W, set()),
        ("aws", "autoscaling", "SetDesiredCapacity", {}, W, set()),
        ("aws", "s3", "DeleteBucket", {}, D, set()),
        ("aws", "ec2", "TerminateInstances", {}, D, set()),
        ("aws", "dynamodb", "BatchWriteItem", {}, W, set()),
        ("aws", "ec2", "RunInstances", {}, E, set()),
        ("aws", "ec2", "StopInstances", {}, E, set()),
        ("aws", "lambda", "Invoke", {}, E, set()),
        ("aws", "ssm", "SendCommand", {}, E, set()),
        ("aws", "ssm", "StartSession", {}, E, set()),
        ("aws", "dynamodb", "ExecuteStatement", {}, E, set()),
        ("aws", "iam", "AttachUserPolicy", {}, A, {"authority"}),
        ("aws", "iam", "CreateAccessKey", {}, A, {"authority"}),
        ("aws", "iam", "PassRole", {}, A, {"authority"}),
        ("aws", "iam", "ListRoles", {}, R, set()),
        ("aws", "sts", "AssumeRole", {}, A, {"authority"}),
        ("aws", "s3", "PutBucketPolicy", {}, A, {"authority", "exposes"}),
        ("aws", "s3", "PutObjectAcl", {}, A, {"authority", "exposes"}),
        ("aws", "s3", "DeletePublicAccessBlock", {}, A, {"authority", "exposes"}),
        ("aws", "ec2", "AuthorizeSecurityGroupIngress", {}, A, {"authority", "exposes"}),
        ("aws", "ec2", "ModifySnapshotAttribute", {}, A, {"authority", "exposes"}),
        ("aws", "cloudtrail", "StopLogging", {}, A, {"authority"}),
        ("aws", "kms", "Decrypt", {}, A, {"secret_read", "authority"}),
        ("aws", "lambda", "AddPermission", {}, A, {"authority", "exposes"}),
        ("aws", "cognito-idp", "AdminDeleteUser", {}, A, {"authority"}),
        ("aws", "rds", "CreateOracleInstance", {}, W, set()),
        ("gcp", "compute", "compute.instances.list", {}, R, set()),
        ("gcp", "compute", "instances.delete", {}, D, set()),
        ("gcp", "storage", "storage.objects.get", {}, R, {"data_read"}),
        ("gcp", "cloudresourcemanager", "projects.setIamPolicy", {}, A, {"authority", "exposes"}),
        ("gcp", "secretmanager", "AccessSecretVersion", {}, R, {"secret_read"}),
        ("gcp", "secretmanager", "projects.secrets.versions.access", {}, R, {"secret_read"}),
        ("azure", "Microsoft.Compute", "virtualMachines/read", {}, R, set()),
        ("azure", "Microsoft.Compute", "virtualMachines/start/action", {}, E, set()),
        ("azure", "Microsoft.Compute", "virtualMachines/delete", {}, D, set()),
        ("azure", "Microsoft.Storage", "storageAccounts/listKeys/action", {}, A, {"credentials"}),
        ("azure", "Microsoft.Authorization", "roleAssignments/write", {}, A, {"authority"}),
        ("aws", "ec2", "FrobnicateInstances", {}, U, set()),
    ],
)  # fmt: skip
def test_operations_are_what_they_do(provider, service, operation, params, access, flags):
    """The leading verb, raised by what the operation touches; reads of data and secrets are told apart."""
    payload = CloudPayload(provider, service, operation, "thing", "eu-west-1", params)
    derived = derive(payload, Target("", ""), Action(""))
    assert derived.parsed, derived.facts
    assert derived.access is access
    assert set(derived.facts["flags"]) == flags


def test_target_is_the_service_and_action_its_operation():
    """The service prefix is never doubled; provider and region are attributes."""
    derived = derive(CloudPayload("AWS", "S3", "s3:GetObject", "a/b", "eu-west-1"), Target("", ""), Action(""))
    assert derived.target == Target("s3", "a/b", {"provider": "aws", "region": "eu-west-1"})
    assert derived.action == Action("s3:GetObject", {})


@pytest.mark.parametrize("resource", ["", "*", "bucket/*"])
def test_a_call_without_one_resource_is_flagged(resource):
    """Everything is a lot."""
    derived = derive(CloudPayload("aws", "s3", "DeleteObject", resource), Target("", ""), Action(""))
    assert derived.facts["flags"] == ["every_resource"]


@pytest.mark.parametrize(
    "payload",
    [
        CloudPayload("aws", "", "GetObject"),
        CloudPayload("aws", "s 3", "GetObject"),
        CloudPayload("aws", "s3", ""),
        CloudPayload("aws", "s3", "Get Object"),
        CloudPayload("aws", "s3", "iam:CreateUser"),
        CloudPayload("aws", "s3", "Gét"),
        CloudPayload("aws", "s3", "x" * 500),
    ],
)
def test_calls_that_are_none_are_refused(payload):
    """Unusual characters, and operations of another service."""
    assert not derive(payload, Target("", ""), Action("")).parsed


@pytest.mark.parametrize("action", ["s3:GetObject", "S3:getobject", "GetObject", "s3.GetObject", ""])
@pytest.mark.parametrize("kind", ["s3", "aws:s3", ""])
def test_true_names_become_the_derived_one(action, kind):
    """With or without the service in front, in any case."""
    derived = derive(CloudPayload("aws", "s3", "GetObject", "a"), Target(kind, "a" if kind else ""), Action(action))
    assert (derived.target.kind, derived.action.name, derived.mismatches) == ("s3", "s3:GetObject", ())


@pytest.mark.parametrize(
    "target, action",
    [
        (Target("s3", "b"), Action("s3:GetObject")),
        (Target("ec2", "a"), Action("s3:GetObject")),
        (Target("s3", "a", {"region": "us-east-1"}), Action("")),
        (Target("s3", "a"), Action("s3:ListBuckets")),
        (Target("s3", "a"), Action("read")),
        (Target("s3", "a"), Action("s3:GetObject", {"Key": "other"})),
        (Target("s3", "a"), Action("s3:GetObject", {"Extra": 1})),
    ],
)
def test_lies_are_mismatches(target, action):
    """Another resource, service, region, operation or parameter."""
    payload = CloudPayload("aws", "s3", "GetObject", "a", "eu-west-1", {"Key": "k"})
    assert derive(payload, target, action).mismatches != ()


def test_parameters_left_out_are_a_mismatch():
    """A rule must not be shown half of the call; showing nothing at all is filled in."""
    payload = CloudPayload("aws", "s3", "GetObject", "a", "", {"Key": "k", "VersionId": "3"})
    assert derive(payload, Target("", ""), Action("GetObject", {"Key": "k"})).mismatches == (
        "action.params.VersionId: in the payload, but left out of the declared params",
    )
    assert derive(payload, Target("", ""), Action("GetObject")).action.params == {"Key": "k", "VersionId": "3"}
