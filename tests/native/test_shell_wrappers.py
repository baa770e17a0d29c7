"""Where a wrapper's own options end and the program it runs begins; paths and variables that matter."""

import pytest

from pdp.native.agreement import NotUnderstood
from pdp.native.shell_paths import holds_credentials, is_system, loads_code, normal, paths_in, url_hosts
from pdp.native.shell_words import Word
from pdp.native.shell_wrappers import WRAPPERS, unwrap


def inside(line: str) -> list[str]:
    name, *rest = line.split()
    return [w.text for w in unwrap(name, [Word(r) for r in rest]).words]


@pytest.mark.parametrize(
    "line",
    [
        "sudo PROGRAM x",
        "sudo -n PROGRAM x",
        "sudo -u root -g wheel PROGRAM x",
        "sudo -nu root PROGRAM x",
        "sudo -uroot PROGRAM x",
        "sudo --user=root PROGRAM x",
        "sudo --user root -- PROGRAM x",
        "doas -u root PROGRAM x",
        "nohup PROGRAM x",
        "nice PROGRAM x",
        "nice -n 5 PROGRAM x",
        "nice -10 PROGRAM x",
        "nice --adjustment=5 PROGRAM x",
        "ionice -c 2 -n 7 PROGRAM x",
        "timeout 5 PROGRAM x",
        "timeout -k 2 -s KILL 5 PROGRAM x",
        "timeout --foreground 5 PROGRAM x",
        "stdbuf -oL -e 0 PROGRAM x",
        "env -i PROGRAM x",
        "env -u HOME PROGRAM x",
        "xargs PROGRAM x",
        "xargs -0 -n 1 -P 4 PROGRAM x",
        "xargs -0rn1 PROGRAM x",
        "xargs -I{} PROGRAM x",
        "xargs -I {} PROGRAM x",
        "xargs -i PROGRAM x",
        "xargs --null --max-args=1 PROGRAM x",
        "command -p PROGRAM x",
        "exec -a name PROGRAM x",
        "setsid -w PROGRAM x",
        "time -p PROGRAM x",
        "flock -n /tmp/lock PROGRAM x",
        "taskset -c 0,1 PROGRAM x",
        "chrt -f 10 PROGRAM x",
        "watch -n 2 -d PROGRAM x",
        "busybox PROGRAM x",
    ],
)
def test_the_program_inside_is_found(line):
    """Whatever options and operands stand in front of it."""
    assert inside(line) == ["PROGRAM", "x"]


@pytest.mark.parametrize("name", sorted(WRAPPERS))
@pytest.mark.parametrize("option", ["--frobnicate", "--frobnicate=1", "-@", "-%x"])
def test_an_unknown_option_is_refused(name, option):
    """It might take the next word as its value, and then another program would run."""
    with pytest.raises(NotUnderstood, match=f"an option of {name} that is not known"):
        unwrap(name, [Word(option), Word("rm"), Word("x")])


@pytest.mark.parametrize("line", ["sudo -i", "sudo -s", "env -S x", "flock -c x"])
def test_options_that_start_something_else_are_told(line):
    """A shell, an editor, a command in a string."""
    name, *rest = line.split()
    assert unwrap(name, [Word(r) for r in rest]).starts_shell


@pytest.mark.parametrize(
    "line, placeholder", [("xargs -I{} a", "{}"), ("xargs -I @ a", "@"), ("xargs -i a", "{}"), ("xargs a", "")]
)
def test_placeholders_of_xargs_are_told(line, placeholder):
    """Where input takes the place of part of the command."""
    name, *rest = line.split()
    assert unwrap(name, [Word(r) for r in rest]).replaces == placeholder


def test_an_option_that_is_only_known_later_is_refused():
    """``sudo $x rm`` may run anything."""
    with pytest.raises(NotUnderstood):
        unwrap("sudo", [Word("-$x", dynamic=True), Word("rm")])


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/etc", "/", "/*", "//etc/x", "/srv/../etc/x", "/usr/bin/ls", "/root/x", "/dev/sda", "/proc/sys/x",
     "~/.ssh/config", ".ssh/authorized_keys", "/home/a/.bashrc", "$HOME/.profile", "/var/spool/cron/root"],
)  # fmt: skip
def test_paths_of_the_system_are_known(path):
    """A change there changes the machine, or who may log in."""
    assert is_system(path)


@pytest.mark.parametrize(
    "path", ["/srv/a", "/tmp/etc", "etc/x", "/home/a/x", "/var/log/x", "/dev/null", "a", "", "/etcetera", "/usrlocal"]
)
def test_other_paths_are_not(path):
    """Names that only look alike."""
    assert not is_system(path)


@pytest.mark.parametrize(
    "path",
    ["/etc/shadow", "/etc/../etc/shadow", "~/.ssh/id_rsa", "id_ed25519", "/home/a/.aws/credentials", ".kube/config",
    "/app/.env", "~/.netrc",
     "/proc/1/environ", "tls.key", "/a/server.pem", "/run/secrets/x"],
)  # fmt: skip
def test_files_with_credentials_are_known(path):
    """Reading them is reading keys."""
    assert holds_credentials(path)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "shadow", "~/.ssh/known_hosts", "monkey", "keynote.txt", "environment", "/a/.environment"]
)
def test_other_files_hold_none(path):
    """As far as a name can tell."""
    assert not holds_credentials(path)


@pytest.mark.parametrize(
    "name, loads",
    [("PATH", True), ("LD_PRELOAD", True), ("BASH_ENV", True), ("GIT_SSH_COMMAND", True), ("PYTHONPATH", True),
    ("IFS", True),
     ("https_proxy", True), ("X", False), ("MYPATH", False), ("PATHS", False), ("LANG", False), ("", False)],
)  # fmt: skip
def test_variables_that_load_code_are_known(name, loads):
    """They change what a harmless name runs."""
    assert loads_code(name) is loads


@pytest.mark.parametrize(
    "argument, found",
    [
        ("a", []),
        ("a/b", ["a/b"]),
        ("./a/../b", ["b"]),
        ("/a/./b//c/", ["/a/b/c"]),
        ("//etc", ["/etc"]),
        ("~", ["~"]),
        ("..", [".."]),
        ("../a", ["../a"]),
        ("-f", []),
        ("-f/a/../b", ["/b"]),
        ("--file=/a", ["/a"]),
        ("if=/dev/sda", ["/dev/sda"]),
        ("http://a.example/x", []),
        ("s/a/b/", ["s/a/b"]),
    ],
)
def test_paths_are_found_in_arguments(argument, found):
    """With dot segments removed, inside options too; addresses are no paths."""
    assert paths_in(argument) == found


def test_a_normal_path_has_a_true_prefix():
    """So that ``startsWith`` in a rule means what it says."""
    assert normal("/var/log/../../etc/shadow") == "/etc/shadow"
    assert normal("/var/log/./app//x") == "/var/log/app/x"


def test_hosts_of_addresses_are_found():
    """Without user, port and path, also behind an equals sign."""
    arguments = ("https://u:p@A.example:8443/x", "--url=http://b.example", "http://[::1]/x", "c.example", "a://")
    assert url_hosts(arguments) == ["a.example", "b.example", "[::1]"]
