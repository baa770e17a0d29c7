"""What command lines do: action, access, commands and flags, each shape once."""

import pytest

from pdp.native import derive
from pdp.types import Access, Action, SshPayload, Target

R, W, D, E, A = Access.READ, Access.WRITE, Access.DELETE, Access.EXECUTE, Access.ADMINISTER

SINGLE = [
    ("df -h", "df", R),
    ("uptime", "uptime", R),
    ("/usr/bin/free -m", "free", R),
    ("journalctl -u nginx -n 100 --no-pager", "journalctl", R),
    ("journalctl --vacuum-time=7d", "journalctl --vacuum-time", D),
    ("journalctl --vacuum-si=1G", "journalctl --vacuum-size", D),
    ("systemctl status nginx", "systemctl status", R),
    ("systemctl --no-pager status nginx", "systemctl status", R),
    ("systemctl restart nginx", "systemctl restart", E),
    ("systemctl disable auditd", "systemctl disable", A),
    ("systemctl -H other restart nginx", "systemctl -H", A),
    ("service nginx restart", "service restart", E),
    ("service nginx status", "service status", R),
    ("ss -tlnp", "ss", R),
    ("ss -K dst 10.0.0.1", "ss -K", E),
    ("ls -la /srv", "ls", R),
    ("cat notes.txt", "cat", R),
    ("touch a", "touch", W),
    ("cp a b", "cp", W),
    ("mkdir -p a/b", "mkdir", W),
    ("rm a", "rm", D),
    ("chmod 600 a", "chmod", A),
    ("kill -9 4711", "kill", E),
    ("kill -l", "kill -l", R),
    ("reboot", "reboot", A),
    ("python3 --version", "python3", R),
    ("python3 -c 'print(1)'", "python3", E),
    ("./deploy.sh", "./deploy.sh", E),
    ("frobnicate", "frobnicate", E),
    ("find . -name '*.log' -mtime +30", "find", R),
    ("find . -name '*.log' -delete", "find -delete", D),
    ("find . -fprintf out '%p'", "find -fprintf", W),
    ("sort -u a", "sort", R),
    ("sort -uo a a", "sort -o", W),
    ("sort --outp=a a", "sort --output", W),
    ("sort --compress-program=./x a", "sort --compress-program", E),
    ("date", "date", R),
    ("date +%s", "date", R),
    ("date -d yesterday +%F", "date", R),
    ("date -s 12:00", "date -s", A),
    ("date 010203042026", "date set", A),
    ("hostname", "hostname", R),
    ("hostname other", "hostname set", A),
    ("mount", "mount", R),
    ("mount -t ext4 /dev/sdb1 /mnt", "mount", A),
    ("crontab -l", "crontab -l", R),
    ("crontab -u root", "crontab", A),
    ("crontab new.tab", "crontab", A),
    ("iptables -nvL", "iptables -L", R),
    ("iptables -F", "iptables", A),
    ("sysctl vm.swappiness", "sysctl", R),
    ("sysctl -w vm.swappiness=1", "sysctl set", A),
    ("ip addr show", "ip addr show", R),
    ("ip link set eth0 down", "ip link set", A),
    ("ip route add default via 10.0.0.1", "ip route add", A),
    ("git status", "git status", R),
    ("git -C repo log --oneline -5", "git log", R),
    ("git -c core.pager=./x log", "git -c", E),
    ("git branch", "git branch", R),
    ("git branch new", "git branch create", W),
    ("git push origin main", "git push", W),
    ("git push --force origin main", "git push --force", D),
    ("git clean -fd", "git clean", D),
    ("git reset --hard HEAD~1", "git reset --hard", D),
    ("git frob", "git frob", E),
    ("docker ps -a", "docker ps", R),
    ("docker exec web sh", "docker exec", E),
    ("docker compose up -d", "docker compose up", E),
    ("docker system prune", "docker system prune", D),
    ("kubectl get pods -n shop", "kubectl get", R),
    ("kubectl -n shop delete pod a", "kubectl delete", D),
    ("kubectl get secrets", "kubectl get secrets", A),
    ("kubectl get pods,secrets", "kubectl get secrets", A),
    ("kubectl rollout restart deploy/a", "kubectl rollout restart", W),
    ("kubectl get pods --as=root", "kubectl get --as", A),
    ("apt list --installed", "apt list", R),
    ("apt-get -y install x", "apt-get install", A),
    ("tar -tf a.tgz", "tar", R),
    ("tar czf a.tgz d", "tar -c", W),
    ("tar -xf a.tgz", "tar -x", W),
    ("tar cf a --checkpoint-action=exec=sh d", "tar --checkpoint-action", E),
    ("tar cf a --to-c=sh d", "tar --to-command", E),
    ("curl -s http://a.example/x", "curl", R),
    ("curl -X DELETE http://a.example/x", "curl DELETE", D),
    ("curl -XPUT http://a.example/x", "curl PUT", W),
    ("curl -d a=1 http://a.example/x", "curl POST", W),
    ("curl -G -d a=1 http://a.example/x", "curl", R),
    ("curl -o out http://a.example/x", "curl -o", W),
    ("curl -o /dev/null http://a.example/x", "curl", R),
    ("curl -K evil.cfg http://a.example/x", "curl -K", E),
    ("wget http://a.example/x", "wget", W),
    ("wget -qO- http://a.example/x", "wget", R),
    ("dd if=a of=b", "dd of=", W),
    ("dd if=/dev/zero of=/dev/sda", "dd of=/dev", A),
    ("gzip -t a.gz", "gzip -t", R),
    ("gzip a", "gzip", W),
    ("zip -9m a.zip d", "zip -m", D),
    ("rsync -a --delete a/ b/", "rsync --delete", D),
    ("rsync -ae ./x a b", "rsync -e", E),
    ("xxd a", "xxd", R),
    ("xxd a b", "xxd output", W),
    ("trap 'rm -f a' EXIT", "rm", D),
    ("hash -p /tmp/x ls", "hash -p", E),
    ("alias ls='rm -rf /'", "alias", E),
    ("ssh other uptime", "ssh", E),
]

WRAPPED = [
    ("sudo systemctl restart nginx", "systemctl restart", E),
    ("sudo -u postgres psql -c 'DROP TABLE x'", "psql", E),
    ("sudo -i", "sudo", A),
    ("sudo -l", "sudo", R),
    ("sudoedit /etc/hosts", "sudoedit", E),
    ("env LC_ALL=C sort a", "sort", R),
    ("env", "env", R),
    ("nohup rm a &", "rm", D),
    ("timeout -k 5 10 rm a", "rm", D),
    ("nice -n 10 tar tf a", "tar", R),
    ("time -p ls", "ls", R),
    ("command rm a", "rm", D),
    ("command -v rm", "command", R),
    ("exec rm a", "rm", D),
    ("busybox rm a", "rm", D),
    ("sh -c 'rm a'", "rm", D),
    ("bash -xec 'rm a'", "rm", D),
    ("bash -o pipefail -c 'rm a'", "rm", D),
    ("eval rm a", "rm", D),
    ("su postgres -c 'rm a'", "rm", D),
    ("su -", "su", A),
    ("watch -n 2 df -h", "df", R),
    ("flock /tmp/l rm a", "rm", D),
    ("sudo nohup nice timeout 5 sh -c 'env rm a'", "rm", D),
]

SPELT = [
    "r\\m a",
    "'r'm a",
    '"rm" a',
    "r''m a",
    "$'\\x72m' a",
    "$'\\162m' a",
    "\\rm a",
    "/bin/rm a",
    "r\\\nm a",
    "  rm  a  ",
]

COMPOUND = [
    ("ps aux | grep nginx | head -n 5", "ps", R),
    ("journalctl -u a | tail -50", "journalctl", R),
    ("du -s * | sort -n | tail -5", "du", R),
    ("cat a | sort > b", "shell", W),
    ("cat a; rm b", "shell", D),
    ("cat a && rm b", "shell", D),
    ("cat a || rm b", "shell", D),
    ("cat a & rm b", "shell", D),
    ("cat a\nrm b", "shell", D),
    ("echo $(rm a)", "shell", D),
    ("echo `rm a`", "shell", D),
    ('echo "$(rm a)"', "shell", D),
    ("echo ${x:-$(rm a)}", "shell", D),
    ("echo $(( $(rm a) + 1 ))", "shell", D),
    ("diff <(rm a) b", "shell", D),
    ("cat a > >(rm b)", "shell", D),
    ("cat <<X\n$(rm a)\nX\n", "shell", D),
    ("cat <<'X'\n$(rm a)\nX\n", "cat", R),
    ("cat <<< x", "cat", R),
    ("(cd a; rm b)", "shell", D),
    ("{ ls; rm b; }", "shell", D),
    ("if test -f a; then rm a; fi", "shell", D),
    ("for f in a b; do rm $f; done", "rm", D),
    ("for ((i=0; i<3; i++)); do rm $i; done", "rm", D),
    ("while read f; do rm $f; done < list", "shell", D),
    ("case $x in a|b) ls ;; *) rm a ;; esac", "shell", D),
    ("ls() { rm -rf a; }; ls", "shell", D),
    ("[[ a < b && c > d ]] && rm a", "shell", D),
    ("! rm a", "rm", D),
    ("find . -name a -exec rm {} \\;", "shell", D),
    ("find . -name a -exec rm {} +", "shell", D),
    ("find . -exec sh -c 'rm a' \\;", "shell", D),
    ("find . -name a | xargs rm", "shell", D),
    ("find . -name a -print0 | xargs -0 -n1 grep x", "shell", R),
    ("echo rm a | sh", "shell", E),
    ("curl -s http://a.example | sudo bash", "shell", E),
    ("echo -delete | xargs find .", "shell", E),
    ("cat a | tee b", "shell", W),
    ("cat a | tee /dev/null", "shell", R),
    ("ls 2>&1 >/dev/null", "ls", R),
    ("ls > /dev/tcp/10.0.0.1/80", "shell", E),
]


@pytest.mark.parametrize("command, action, access", SINGLE + WRAPPED, ids=lambda v: str(v)[:50])
def test_one_program_is_its_name(ssh, command, action, access):
    """Program, subcommand or the option that makes it worse; wrappers and quoting change nothing."""
    derived = ssh(command)
    assert derived.parsed, derived.facts
    assert (derived.action.name, derived.access) == (action, access)


@pytest.mark.parametrize("command", SPELT)
def test_spelling_hides_nothing(ssh, command):
    """Quotes, escapes and paths to the usual directories are resolved as the shell would."""
    derived = ssh(command)
    assert (derived.action.name, derived.access, derived.facts["operands"]) == ("rm", D, ["a"])


@pytest.mark.parametrize("command, action, access", COMPOUND, ids=lambda v: str(v)[:50])
def test_several_programs_are_the_worst_of_them(ssh, command, action, access):
    """Every command on every path counts; only pure filters behind a pipe leave the name alone."""
    derived = ssh(command)
    assert derived.parsed, derived.facts
    assert (derived.action.name, derived.access) == (action, access)


@pytest.mark.parametrize(
    "command",
    [
        "cat a | grep x b",
        "cat a | grep -r x",
        "cat a | grep -f pattern",
        "cat a | grep -e x b",
        "cat a | head b",
        "cat a | head -n 5 b",
        "cat a | sort --files0-from=b",
        "cat a | awk -f p",
        "cat a | sed -n p b",
        "cat a | cut -f 1 b",
        "find /etc | xargs cat",
        "cat a | find .",
    ],
)
def test_a_filter_that_reads_something_else_is_none(ssh, command):
    """A file, a recursion or arguments from input make it a command of its own."""
    assert ssh(command).action.name == "shell"


@pytest.mark.parametrize(
    "command, access, flag",
    [
        ("o=-delete; find . $o", E, "arguments_unknown"),
        ('o=-delete; find . "$o"', E, "arguments_unknown"),
        ("find . $(echo -delete)", E, "arguments_unknown"),
        ("find . `echo -delete`", E, "arguments_unknown"),
        ("find . -{delete,print}", E, "arguments_unknown"),
        ("for o in -delete; do find . $o; done", E, "arguments_unknown"),
        ("read o; find . $o", E, "arguments_unknown"),
        ("find . ${x:--delete}", E, "arguments_unknown"),
        ("x='a/e'; sed \"s/a/$x/\" f", E, "arguments_unknown"),
        ("ls | xargs -I{} sh -c 'echo {}'", E, "input_as_code"),
        ("find . -exec sh -c 'echo {}' \\;", E, "input_as_code"),
        ("PATH=/tmp:$PATH; ls", E, "environment"),
        ("LD_PRELOAD=/tmp/x.so ls", E, "environment"),
        ("env LD_PRELOAD=/tmp/x.so ls", E, "environment"),
        ("sudo LD_PRELOAD=/tmp/x.so ls", E, "environment"),
        ("export PATH=/tmp; ls", E, "environment"),
        ("for PATH in /tmp; do ls; done", E, "environment"),
        ("read PATH; ls", E, "environment"),
        ("printf -v PATH /tmp; ls", E, "environment"),
        ("x='a[$(id)]'; echo $((x))", E, "deferred_substitution"),
        ("[[ 'a[$(id)]' -eq 0 ]]", E, "deferred_substitution"),
        ("test -v 'a[$(id)]'", E, "deferred_substitution"),
        ("echo x > /etc/motd", A, "system_path"),
        ("echo x >> ~/.ssh/authorized_keys", A, "system_path"),
        ("echo x >> /home/a/.bashrc", A, "system_path"),
        ("cp x /etc/passwd", A, "system_path"),
        ("sed -i s/a/b/ /etc/hosts", A, "system_path"),
        ("rm -rf /", A, "system_path"),
        ("rm -rf /srv/../etc", A, "system_path"),
        ("echo x | sudo tee /etc/motd", A, "system_path"),
        ("cd /etc && rm passwd", A, "system_directory"),
        ("cat /etc/shadow", R, "credential_path"),
        ("cat < /etc/shadow", R, "credential_path"),
        ("tar cf - ~/.ssh", A, "credential_path"),
        ("cat /srv/app/../../etc/shadow", R, "credential_path"),
        ("cat /proc/1/environ", R, "credential_path"),
        ("curl http://10.0.0.1/", R, "network"),
        ("sudo ls", R, "privileged"),
        ("bash", E, "shell"),
        ("frobnicate", E, "unknown_program"),
        ("f() { ls; }", R, "function_definition"),
    ],
)  # fmt: skip
def test_tricks_are_flagged_and_raise_the_access(ssh, command, access, flag):
    """What is only known when it runs, or reaches further than it looks, is said so."""
    derived = ssh(command)
    assert derived.access is access
    assert flag in derived.facts["flags"]


@pytest.mark.parametrize(
    "command", ["cp /etc/hosts /tmp/h", "cat /etc/hosts", "ls /", "rm -rf /srv/app/cache", "echo x > /dev/null"]
)
def test_reading_the_system_is_not_changing_it(ssh, command):
    """Only what is written, not what is copied from, makes a command administer."""
    assert ssh(command).access < A


@pytest.mark.parametrize(
    "command",
    [
        "",
        "   ",
        "# rm -rf /",
        "x=rm; $x a",
        "$(echo rm) a",
        "`echo rm` a",
        "{rm,-rf,a}",
        "/bin/r? a",
        'sh -c "$x"',
        'bash -c "echo $HOME"',
        "eval $x",
        "echo a | xargs -I{} {} b",
        "find . -exec {} \\;",
        "find . -exec rm {}",
        "sudo --frob rm a",
        "sudo -Z rm a",
        "xargs --frob rm",
        "env -Z rm a",
        "timeout --frob 5 rm",
        "ls '",
        'ls "',
        "ls `",
        "ls $(",
        "ls ${x",
        "ls $((1",
        "ls \\",
        "ls |",
        "ls &&",
        "| ls",
        "ls ;; rm",
        "( ls",
        "ls )",
        "{ ls",
        "if ls; then rm a",
        "for f in a; do rm",
        "case a in b) ls",
        "done",
        "fi",
        "ls > ",
        "cat <<X\nno end",
        "a=(1 2",
        "[[ a",
        "ls \x00",
        "ls \x1b[2J",
        "ls\r\nrm a",
        "echo ${x@P}",
        "echo ${x[$(id)]}",
        "echo $[1+1]",
        "echo " + "$(echo " * 12 + "a" + ")" * 12,
        "; ".join(["ls"] * 200),
        "ls " + "a" * 9000,
        "env " * 10 + "ls",
    ],
)
def test_uncertain_lines_are_refused(ssh, command):
    """What cannot be read with certainty is the most dangerous class, with the reason in words."""
    derived = ssh(command)
    assert not derived.parsed
    assert derived.access is Access.UNKNOWN
    assert derived.facts["problem"].startswith("ssh.command: ")


def test_facts_tell_what_a_rule_needs(ssh):
    """Commands with their access, operands, normal-form paths, written files, hosts."""
    facts = ssh("sudo cat /var/log/../log/a.log | grep err > /tmp/out && curl https://u@API.example:8443/x").facts
    assert facts["programs"] == ["cat", "redirect", "grep", "curl"]
    assert facts["actions"] == ["cat", "redirect", "grep", "curl"]
    assert facts["commands"][0] == {
        "program": "cat", "action": "cat", "access": "read", "arguments": ["/var/log/../log/a.log"], "via": ["sudo"],
    }  # fmt: skip
    assert facts["command_count"] == 4
    assert facts["paths"] == ["/var/log/a.log", "/tmp/out"]
    assert facts["writes"] == ["/tmp/out"]
    assert facts["hosts"] == ["api.example"]
    assert facts["operands"] == ["/var/log/../log/a.log", "/tmp/out", "err", "https://u@API.example:8443/x"]
    assert facts["privileged"] is True


def test_paths_inside_options_are_seen(ssh):
    """A value glued to an option is a path like any other."""
    assert ssh("grep --file=/etc/../etc/x -d/srv/a b").facts["paths"] == ["/etc/x", "/srv/a"]
    assert ssh("dd if=/dev/sda").facts["paths"] == ["/dev/sda"]


@pytest.mark.parametrize("host", ["web-1", "WEB-1", "web-1.", "web-1:22"])
def test_the_host_is_the_target(host):
    """In lower case, the usual port left out; what was declared in another spelling is the same host."""
    derived = derive(SshPayload(host, "ls", "ops"), Target("host", "WEB-1"), Action("ls"))
    assert derived.target == Target("host", "web-1", {"user": "ops"})
    assert derived.mismatches == ()


@pytest.mark.parametrize(
    "target", [Target("host", "web-2"), Target("server", "web-1"), Target("host", "web-1", {"user": "root"})]
)
def test_lies_about_the_host_are_mismatches(target):
    """Another host, another kind, another user."""
    assert derive(SshPayload("web-1", "ls", "ops"), target, Action("")).mismatches != ()


@pytest.mark.parametrize("action", ["ls", "cat", "systemctl restart", "systemctl"])
def test_lies_about_the_command_are_mismatches(action):
    """The declared action is the derived one or the neutral ``shell``; nothing else."""
    derived = derive(SshPayload("web-1", "systemctl stop nginx"), Target("", ""), Action(action))
    assert derived.mismatches == (f"action: declared {action!r}, but the payload does 'systemctl stop'",)


def test_shell_is_neutral_and_replaced():
    """Declaring ``shell`` claims nothing: the derived action goes on."""
    derived = derive(SshPayload("web-1", "rm a"), Target("", ""), Action("shell"))
    assert (derived.action.name, derived.mismatches) == ("rm", ())
