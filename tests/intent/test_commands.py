"""Commands and statements in a text are read by their verb."""

from __future__ import annotations

import pytest

from pdp.intent.authority import read_authority
from pdp.intent.commands import read_commands, read_name
from pdp.intent.grammar import tokens
from pdp.intent.verbs import classes


def letters(text: str) -> set[str]:
    """The names of everything the commands in ``text`` may do."""
    words = frozenset(word.lower() for word in tokens(text))
    return {c.value for verb in read_commands(text, words) for c in verb.classes}


def named(code: str) -> set[str]:
    return {c.value for c in classes(code)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # SQL
        ("SELECT a, b FROM shop.orders WHERE id = 1", "R"),
        ("select count(*) from orders", "R"),
        ("EXPLAIN SELECT a FROM b", "R"),
        ("insert into orders values (1)", "CU"),
        ("UPDATE orders SET state = 'x' WHERE id = 1", "U"),
        ("delete from orders where id = 1", "D"),
        ("then: DROP TABLE orders", "D"),
        ("TRUNCATE orders", "D"),
        ("ALTER TABLE orders ADD COLUMN x int", "UA"),
        ("P.S. ALTER SYSTEM SET x = off", "A"),
        ("CREATE TABLE shop.orders (id int)", "CU"),
        ("GRANT ALL ON orders TO ana", "A"),
        ("revoke select on orders from ana", "A"),
        ("MERGE INTO orders USING b", "U"),
        ("call purge_orders(1)", "X"),
        # Kubernetes, containers, services
        ("kubectl get pods -n shop", "R"),
        ("kubectl -n shop delete pod x", "D"),
        ("sudo kubectl rollout restart deployment/x", "X"),
        ("oc set image deployment/x a=b", "U"),
        ("helm uninstall shop", "D"),
        ("docker ps -a", "R"),
        ("docker rm -f x", "D"),
        ("terraform destroy", "D"),
        ("systemctl restart nginx", "X"),
        ("service nginx status", "R"),
        # shell
        ("rm -rf /srv/x", "D"),
        ("old dumps in /srv -> rm", "D"),
        ("cat /etc/hosts | grep x", "R"),
        ("find /tmp -name x", "R"),
        ("find /tmp -mtime +3 -delete", "D"),
        ("find /tmp -exec rm {} +", "D"),
        ("sed -n 1,3p x.txt", "R"),
        ("sed -i s/a/b/ x.txt", "U"),
        ("curl -s https://x.example/y", "R"),
        ("curl -X POST https://x.example/y -d @z", "S"),
        ("scp x.txt ana@h:/tmp", "S"),
        ("chmod 777 /srv", "A"),
        ("cd /srv && mv a b", "U"),
        ("kill -9 4711", "DX"),
        ("git log -p x.py", "R"),
        ("git push origin main", "SU"),
        ("git reset --hard", "DU"),
        # clouds
        ("aws ec2 describe-instances", "R"),
        ("aws s3 rm s3://b/k", "D"),
        ("aws rds create-db-snapshot --db-instance-identifier x", "C"),
        ("aws ec2 terminate-instances --instance-ids i-1", "D"),
        ("aws s3api put-bucket-policy --bucket b", "A"),
        ("gcloud compute instances stop x", "X"),
        ("gcloud compute disks snapshot x", "C"),
        ("az vm delete --name x", "D"),
    ],
)
def test_a_command_does_what_its_verb_says(text: str, code: str) -> None:
    """SQL statements, shell programs and the tools of Kubernetes, git and clouds, with their options in any place."""
    assert letters(text) == named(code)


@pytest.mark.parametrize(
    "text",
    [
        "find the file of Ana",
        "make it quick and file the report",
        "the host will kill the light",
        "select a nice room",
        "update the set of rooms",
        "grant Ana a wish",
        "create a table for four people",
        "drop me a line",
        "call Ana (again)",
        "the cat sat on the mat",
        "mail Ana about the service",
        "our aws account",
    ],
)
def test_english_is_not_a_command(text: str) -> None:
    """Words that are also programs or keywords need an argument that no sentence has."""
    assert letters(text) == set()


def test_each_command_of_a_line_counts() -> None:
    """Pipes and separators hide nothing."""
    assert letters("cat x.txt | tee y.txt; rm x && git push") == named("RUDS")
    assert letters("ls -l; unknown --flag") == named("R")


@pytest.mark.parametrize(
    ("name", "lemma"),
    [
        ("send_email", "send"),
        ("DeleteBucket", "delete"),
        ("rollout_restart", "restart"),
        ("users.list", "list"),
        ("getHTTPResponse", "get"),
        ("create-db-snapshot", "create"),
    ],
)
def test_the_name_of_a_tool_tells_its_verb(name: str, lemma: str) -> None:
    """In snake, camel, kebab and dotted case; the first known verb counts."""
    verb = read_name(name)
    assert verb is not None
    assert verb.lemma == lemma


def test_a_name_without_a_verb_tells_nothing() -> None:
    """Nor does an empty one."""
    assert read_name("invoices") is None
    assert read_name("") is None


def test_command_verbs_name_program_and_subcommand() -> None:
    """For a reason that a person can check against the text."""
    assert [v.lemma for v in read_authority("kubectl delete pod x").asks] == ["kubectl delete"]
    assert [v.lemma for v in read_authority("rm -rf /srv/x").asks] == ["rm"]
