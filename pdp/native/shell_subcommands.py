"""Programs whose first words decide what they do: ``git push``, ``systemctl restart``, ``docker ps``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pdp.native.shell_programs import ADMINISTER, DELETE, EXECUTE, READ, WRITE
from pdp.types import Access


@dataclass(frozen=True, slots=True)
class Subcommands:
    """``words`` holds one- and two-word subcommands; what is not there has access ``other``. ``values`` are options
    in front of the subcommand that take a value, ``plain`` those without; any other option there executes. ``raises``
    are options behind the subcommand, for all or (``clone -u``) for one of them. ``alone`` is the access without any
    subcommand. A program with ``name_first`` puts the subject before the verb (``service nginx restart``). Subcommands
    in ``creates`` list without operands and write with them (``git branch``, ``git branch new``).
    """

    words: Mapping[str, Access]
    other: Access = EXECUTE
    values: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    raises: Mapping[str, Access] = field(default_factory=dict)
    alone: Access = READ
    name_first: bool = False
    creates: frozenset[str] = frozenset()


def _words(
    read: str = "", write: str = "", delete: str = "", execute: str = "", administer: str = ""
) -> Mapping[str, Access]:
    """Subcommands by access, separated by commas or spaces; two-word ones are joined with ``_``."""
    classes = ((read, READ), (write, WRITE), (delete, DELETE), (execute, EXECUTE), (administer, ADMINISTER))
    return {w.replace("_", " "): access for words, access in classes for w in words.split()}


_SYSTEMD: Final = frozenset(
    """--no-pager --plain --full -l --all -a --user --system --quiet -q --no-legend --no-ask-password --failed
    --now -r""".split()
)
_DOCKER = _words(
    read="""ps images logs inspect stats top version info port diff history search events container_ls
        container_list container_ps container_inspect container_logs container_stats container_top container_port
        container_diff image_ls image_list image_inspect image_history network_ls network_list network_inspect
        volume_ls volume_list volume_inspect system_df system_info system_events compose_ps compose_logs
        compose_config compose_ls compose_images compose_top compose_version node_ls node_inspect node_ps service_ls
        service_inspect service_ps service_logs stack_ls stack_ps stack_services context_ls context_show
        manifest_inspect wait""",
    write="""pull tag rename image_pull image_tag container_rename network_create volume_create compose_pull commit save
        export import load image_save image_load create container_create""",
    delete="""rm rmi container_rm container_prune image_rm image_prune network_rm network_prune volume_rm volume_prune
        system_prune builder_prune compose_rm compose_down stack_rm service_rm""",
    execute="""run exec start stop restart kill pause unpause attach build push cp update compose_up compose_start
        compose_stop compose_restart compose_exec compose_run compose_build container_run container_exec
        container_start container_stop container_restart container_kill image_build image_push service_update
        service_scale service_create stack_deploy""",
    administer="login logout swarm plugin trust context_use context_create secret config node network_connect",
)
_APT = _words(
    read="list search show policy depends rdepends showsrc changelog check madison",
    write="download source",
    administer="install remove purge autoremove upgrade full-upgrade dist-upgrade update clean autoclean",
)
_YUM = _words(
    read="list search info repolist check-update provides whatprovides history deplist updateinfo grouplist repoquery",
    administer="install remove erase update upgrade downgrade reinstall clean autoremove groupinstall",
)
_PIP = _words(read="list show freeze check search index help debug inspect", write="download wheel", delete="uninstall",
              execute="install", administer="config cache")  # fmt: skip

SUBCOMMANDS: Final[Mapping[str, Subcommands]] = {
    "git": Subcommands(
        words=_words(
            read="""status log diff show rev-parse ls-files ls-tree ls-remote blame annotate grep describe shortlog
                reflog cat-file rev-list whatchanged count-objects show-ref show-branch name-rev merge-base cherry
                for-each-ref var version help diff-tree diff-index diff-files check-ignore check-attr branch tag
                remote stash_list stash_show worktree_list submodule_status notes_show verify-commit verify-tag
                range-diff remote_show remote_get-url bisect_log config_list config_get config_--list config_-l
                config_--get config_--get-all symbolic-ref""",
            write="""add commit merge checkout switch restore pull fetch push clone init mv cherry-pick revert am
                apply stash stash_push stash_save stash_pop stash_apply remote_add remote_rename remote_set-url
                format-patch archive bundle worktree_add notes_add rebase reset tag_add update-index read-tree
                write-tree commit-tree hash-object""",
            delete="""rm clean gc prune stash_drop stash_clear remote_remove remote_rm worktree_remove worktree_prune
                reflog_expire reflog_delete repack filter-branch update-ref""",
            execute="bisect_run submodule_foreach submodule_update submodule_add difftool mergetool config hook",
        ),
        values=frozenset({"-C", "--git-dir", "--work-tree", "--namespace"}),
        plain=frozenset({"--no-pager", "-P", "--bare", "--no-replace-objects", "--literal-pathspecs", "--version",
            "--help"}),
        raises={
            "--output": WRITE, "--ext-diff": EXECUTE, "--textconv": EXECUTE, "--open-files-in-pager": EXECUTE,
            "grep -O": EXECUTE, "--upload-pack": EXECUTE, "clone -u": EXECUTE, "--receive-pack": EXECUTE,
                "--exec": EXECUTE,
            "rebase -x": EXECUTE, "rebase -i": EXECUTE, "--interactive": EXECUTE, "--config": EXECUTE,
                "clone -c": EXECUTE,
            "--template": EXECUTE, "--edit-description": EXECUTE, "--hard": DELETE, "--force": DELETE,
            "--force-with-lease": DELETE, "push -f": DELETE, "checkout -f": DELETE, "branch -f": DELETE,
                "tag -f": DELETE,
            "switch -f": DELETE, "--delete": DELETE, "branch -d": DELETE, "branch -D": DELETE, "tag -d": DELETE,
            "push -d": DELETE, "--prune": DELETE, "--mirror": DELETE, "branch -m": WRITE, "branch -M": WRITE,
            "branch -u": WRITE, "--move": WRITE, "--set-upstream-to": WRITE,
        },
        creates=frozenset({"branch", "tag", "symbolic-ref"}),
    ),
    "systemctl": Subcommands(
        words=_words(
            read="""status show list-units list-unit-files list-timers list-sockets list-jobs list-dependencies
                list-machines
                is-active is-enabled is-failed is-system-running cat help get-default show-environment""",
            execute="start stop restart reload try-restart reload-or-restart kill isolate reset-failed",
            administer="""enable disable mask unmask reenable preset daemon-reload daemon-reexec edit set-property
                set-default link revert set-environment import-environment unset-environment poweroff reboot halt
                suspend hibernate rescue emergency kexec switch-root default exit""",
        ),
        other=ADMINISTER,
        values=frozenset({"-t", "--type", "--state", "-p", "--property", "-n", "--lines", "-o", "--output"}),
        plain=_SYSTEMD,
        raises={"-H": EXECUTE, "--host": EXECUTE, "-M": EXECUTE, "--machine": EXECUTE, "--root": ADMINISTER,
            "--now": EXECUTE},
    ),
    "service": Subcommands(
        words=_words(read="status --status-all", execute="start stop restart reload force-reload"),
        other=ADMINISTER,
        plain=frozenset({"--status-all"}),
        name_first=True,
    ),
    "docker": Subcommands(_DOCKER, values=frozenset({"-l", "--log-level", "--context", "-c"})),
    "podman": Subcommands(_DOCKER),
    "docker-compose": Subcommands({k.removeprefix("compose "): v for k,
        v in _DOCKER.items() if k.startswith("compose ")}),
    "kubectl": Subcommands(
        words=_words(
            read="""get describe logs top explain version cluster-info api-resources api-versions events diff wait
                rollout_status rollout_history config_view config_current-context config_get-contexts
                config_get-clusters auth_can-i auth_whoami completion""",
            write="""apply create patch label annotate scale autoscale expose set edit replace rollout_undo
                rollout_pause
                rollout_resume rollout_restart""",
            delete="delete drain",
            execute="exec attach port-forward proxy run cp debug plugin kustomize",
            administer="cordon uncordon taint certificate auth_reconcile config",
        ),
        values=frozenset({"-n", "--namespace", "--context", "--cluster", "-v", "--request-timeout", "-l", "-o"}),
        raises={"--as": ADMINISTER, "--as-group": ADMINISTER, "--token": ADMINISTER, "--kubeconfig": EXECUTE,
                "--server": EXECUTE, "-s": EXECUTE, "--raw": EXECUTE, "--force": DELETE, "--prune": DELETE},
    ),
    "helm": Subcommands(
        words=_words(read="list ls status history get show search version env template lint",
            write="repo pull dependency",
                     delete="uninstall delete", execute="install upgrade rollback test plugin"),
        values=frozenset({"-n", "--namespace", "--kube-context"}),
        raises={"--post-renderer": EXECUTE},
    ),
    "ip": Subcommands(
        words=_words(
            read="""addr_show addr_list addr_ls a_show a_s a_list address_show address_list link_show link_list
                link_ls l_show route_show route_list route_get r_show r_list r_get neigh_show neigh_list n_show
                rule_show rule_list netns_list maddr_show tunnel_show addr a address link l route r neigh n rule
                maddr netns""",
            execute="netns_exec vrf_exec",
        ),
        other=ADMINISTER,
        values=frozenset({"-f", "-family"}),
        plain=frozenset("-4 -6 -s -d -o -br -brief -c -color -j -json -p -pretty -stats -details -oneline -h".split()),
        raises=dict.fromkeys("add del delete set flush change replace append up down".split(), ADMINISTER),
    ),
    "apt": Subcommands(_APT, other=ADMINISTER, plain=frozenset({"-y", "-q", "-qq", "--yes", "--assume-yes"})),
    "apt-get": Subcommands(_APT, other=ADMINISTER, plain=frozenset({"-y", "-q", "-qq", "--yes", "--assume-yes"})),
    "yum": Subcommands(_YUM, other=ADMINISTER, plain=frozenset({"-y", "-q", "-v"})),
    "dnf": Subcommands(_YUM, other=ADMINISTER, plain=frozenset({"-y", "-q", "-v"})),
    "pip": Subcommands(_PIP),
    "pip3": Subcommands(_PIP),
    "npm": Subcommands(_words(read="ls list view info outdated search whoami ping root prefix help doctor",
        delete="uninstall rm")),
    "snap": Subcommands(_words(read="list info find services changes version"), other=ADMINISTER),
    "timedatectl": Subcommands(_words(read="status show list-timezones timesync-status show-timesync"),
        other=ADMINISTER),
    "hostnamectl": Subcommands(_words(read="status"), other=ADMINISTER),
    "localectl": Subcommands(_words(read="status list-locales list-keymaps"), other=ADMINISTER),
    "loginctl": Subcommands(_words(read="list-sessions list-users list-seats session-status user-status"),
        other=ADMINISTER),
    "networkctl": Subcommands(_words(read="list status lldp"), other=ADMINISTER),
    "resolvectl": Subcommands(_words(read="status query statistics dns domain"), other=ADMINISTER),
    "nmcli": Subcommands(_words(read="general_status device_status device_show connection_show dev_status con_show"),
                         other=ADMINISTER),
    "ufw": Subcommands(_words(read="status version show"), other=ADMINISTER, alone=ADMINISTER),
    "nft": Subcommands(_words(read="list"), other=ADMINISTER, plain=frozenset({"-a", "-n", "-nn", "-s"})),
    "crictl": Subcommands(_words(read="ps pods images logs inspect inspecti inspectp stats info version"),
        other=EXECUTE),
    "terraform": Subcommands(_words(read="version validate output providers show state_list state_show",
        write="fmt init"),
                             other=ADMINISTER),
    "openssl": Subcommands(_words(read="version x509 s_client ciphers verify dgst rand asn1parse crl"),
                           raises={"-out": WRITE, "-engine": EXECUTE, "-provider": EXECUTE}),
    "aws": Subcommands(
        words=_words(read="s3_ls sts_get-caller-identity configure_list help", write="s3_cp s3_sync s3_mb s3_presign",
                     delete="s3_rm s3_rb s3_mv"),
        other=EXECUTE,
        values=frozenset({"--profile", "--region", "--output", "--endpoint-url", "--query"}),
        plain=frozenset({"--no-cli-pager"}),
        raises={"--delete": DELETE},
    ),
    "svn": Subcommands(_words(read="status st log diff info list ls cat blame",
        write="update up checkout co add commit ci",
                              delete="delete rm revert"), raises={"--diff-cmd": EXECUTE, "--editor-cmd": EXECUTE}),
    "brew": Subcommands(_words(read="list info search outdated doctor config deps", delete="uninstall")),
}  # fmt: skip
