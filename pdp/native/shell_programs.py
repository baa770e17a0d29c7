"""What common programs do, by name, subcommand and option. What is not listed executes: nobody knows what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pdp.types import Access

READ, WRITE, DELETE, EXECUTE, ADMINISTER = Access.READ, Access.WRITE, Access.DELETE, Access.EXECUTE, Access.ADMINISTER

PROGRAMS: Final[Mapping[str, Access]] = {
    name: access
    for access, names in {
        READ: """find cat tac head tail less more grep egrep fgrep rgrep zgrep bzgrep xzgrep zcat bzcat xzcat zless
            wc cut tr paste join comm diff zdiff cmp sdiff colordiff nl od hexdump hd strings file stat ls ll dir
            vdir tree pwd whoami id groups who w users last lastb lastlog uptime uname arch df du free vmstat iostat
            mpstat pidstat sar ps pstree pgrep pidof top htop lsof lsblk lscpu lsmod lspci lsusb lsmem lshw blkid
            findmnt netstat ss nstat dig host nslookup ping ping6 traceroute traceroute6 tracepath getent printenv
            echo printf true false test [ [[ : basename dirname readlink realpath seq expr bc factor sleep cal ncal
            md5sum sha1sum sha224sum sha256sum sha384sum sha512sum cksum sum b2sum base64 base32 column fold fmt
            expand unexpand rev shuf sort uniq tsort look locate mlocate plocate which whereis type hash man info
            whatis apropos help jq xmllint locale nproc getconf tty ulimit umask jobs wait times cd pushd popd dirs
            shopt unset return exit break continue shift read export declare typeset local readonly set getopts let
            mapfile readarray history fg bg disown tput clear yes numfmt pr iconv xxd date hostname dmesg journalctl
            sensors acpi uuidgen pathchk dircolors logname hostid ifconfig route arp lsattr getfacl getcap iwconfig
            cpio zipinfo lsinitramfs dnsdomainname domainname nodename ipcs pmap lslocks lsns lslogins lsipc
            mountpoint egrep rg ag ack fd bat exa eza dust duf procs tokei cloc dpkg-query apt-cache apt-file
            rpmquery modinfo systemd-analyze systemd-cgls systemd-cgtop pwdx nmblookup showmount nfsstat ausearch
            aureport sestatus getenforce getsebool uprecords inxi neofetch screenfetch""",
        WRITE: """cp mv ln touch mkdir mktemp mkfifo install split csplit gzip gunzip bzip2 bunzip2 xz unxz zstd
            unzstd lz4 compress uncompress pigz zip unzip 7z 7za rar unrar rsync scp patch rename mogrify convert
            ffmpeg wget dos2unix unix2dos logger wall write mail mailx mutt tee dd sync ar ranlib genisoimage
            mkisofs updatedb mandb basenc uudecode uuencode par2 flac lame sox identify montage composite pdftk gs
            pandoc enscript a2ps sponge ssh-keygen fallocate stty reset setterm kbd_mode notify-send unalias git tar""",
        DELETE: "rm rmdir unlink shred srm wipe truncate tmpreaper tmpwatch",
        EXECUTE: """sh bash dash ash zsh ksh mksh csh tcsh fish rbash python python2 python3 perl ruby node nodejs
            php lua java
            tclsh Rscript octave make cmake gcc cc g++ clang ld go cargo rustc kill killall pkill skill snice xkill
            renice fuser
            screen tmux expect gdb strace ltrace ssh sftp telnet nc ncat netcat socat ftp lftp curl psql mysql mysqldump
            mysqladmin pg_dump sqlite3 mongo mongosh redis-cli influx cqlsh sqlplus ansible ansible-playbook
            terraform vi vim alias
            view nano emacs ed ex awk gawk mawk nawk sed source . eval script parallel tcpdump openssl gpg docker
            podman kubectl
            aws gcloud az pip pip3 npm yarn dc bpftrace perf nmap mtr at batch xterm xdg-open open""",
        ADMINISTER: """su passwd chpasswd useradd userdel usermod groupadd groupdel groupmod gpasswd newgrp sg
            visudo vipw vigr adduser deluser addgroup delgroup chsh chfn chown chmod chgrp setfacl chattr setcap
            mount umount swapon swapoff mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.vfat mke2fs fdisk parted
            sfdisk gdisk sgdisk mkswap fsck e2fsck tune2fs resize2fs xfs_growfs lvcreate lvremove lvextend lvresize
            vgcreate vgremove vgextend pvcreate pvremove mdadm cryptsetup losetup dmsetup wipefs blkdiscard hdparm
            reboot shutdown halt poweroff init telinit insmod rmmod modprobe depmod sysctl iptables ip6tables
            iptables-restore nft ufw firewall-cmd systemctl service chkconfig update-rc.d setenforce setsebool
            semanage restorecon nsenter unshare chroot apt apt-get aptitude dpkg rpm yum dnf zypper apk pacman snap
            flatpak ldconfig grub-install update-grub grub2-mkconfig hwclock ntpdate crontab auditctl
            update-alternatives ssh-copy-id ssh-add ip brctl tc nmcli ifup ifdown dhclient iwlist rfkill mknod
            pkexec systemd-run machinectl chage exportfs runuser setpriv capsh ctr crictl kexec dpkg-reconfigure
            debconf-set-selections vconfig ipvsadm conntrack""",
    }.items()
    for name in names.split()
}

RAISES: Final[Mapping[str, Mapping[str, Access]]] = {
    "sort": {"-o": WRITE, "--output": WRITE, "--compress-program": EXECUTE},
    "tree": {"-o": WRITE},
    "file": {"-C": WRITE, "--compile": WRITE},
    "iconv": {"-o": WRITE, "--output": WRITE},
    "xmllint": {"-o": WRITE, "--output": WRITE, "--shell": EXECUTE},
    "less": {"-o": WRITE, "-O": WRITE, "--log-file": WRITE, "--LOG-FILE": WRITE, "-k": EXECUTE,
        "--lesskey-file": EXECUTE},
    "man": {"-P": EXECUTE, "--pager": EXECUTE, "-H": EXECUTE, "--html": EXECUTE, "-C": EXECUTE,
        "--config-file": EXECUTE},
    "date": {"-s": ADMINISTER, "--set": ADMINISTER},
    "hostname": {"-F": ADMINISTER, "--file": ADMINISTER, "-b": ADMINISTER, "--boot": ADMINISTER},
    "dmesg": {"-C": DELETE, "--clear": DELETE, "-c": DELETE, "--read-clear": DELETE, "-n": ADMINISTER, "-D": ADMINISTER,
              "-E": ADMINISTER, "--console-level": ADMINISTER, "--console-off": ADMINISTER, "--console-on": ADMINISTER},
    "journalctl": {"--vacuum-size": DELETE, "--vacuum-time": DELETE, "--vacuum-files": DELETE, "--rotate": WRITE,
                   "--flush": WRITE, "--sync": WRITE, "--relinquish-var": WRITE, "--smart-relinquish-var": WRITE,
                   "--update-catalog": WRITE, "--setup-keys": ADMINISTER},
    "history": {"-c": DELETE, "-d": DELETE, "-w": WRITE, "-a": WRITE},
    "ss": {"-K": EXECUTE, "--kill": EXECUTE},
    "sar": {"-o": WRITE},
    "arp": {"-s": ADMINISTER, "-d": ADMINISTER, "-f": ADMINISTER, "--set": ADMINISTER, "--delete": ADMINISTER},
    "rsync": {"-e": EXECUTE, "--rsh": EXECUTE, "--rsync-path": EXECUTE, "--delete": DELETE, "--delete-before": DELETE,
              "--delete-after": DELETE, "--delete-excluded": DELETE, "--delete-during": DELETE,
              "--remove-source-files": DELETE, "--daemon": EXECUTE},
    "scp": {"-S": EXECUTE, "-o": EXECUTE, "-F": EXECUTE, "-D": EXECUTE},
    "zip": {"-TT": EXECUTE, "--unzip-command": EXECUTE, "-m": DELETE, "--move": DELETE, "-d": DELETE,
        "--delete": DELETE},
    "patch": {"-e": EXECUTE, "--ed": EXECUTE},
    "wget": {"--use-askpass": EXECUTE, "-e": EXECUTE, "--execute": EXECUTE},
    "split": {"--filter": EXECUTE},
    "cpio": {"-i": WRITE, "-o": WRITE, "-p": WRITE, "--extract": WRITE, "--create": WRITE, "--pass-through": WRITE,
             "--rsh-command": EXECUTE},
    "tar": {"-I": EXECUTE, "--use-compress-program": EXECUTE, "--to-command": EXECUTE, "--checkpoint-action": EXECUTE,
            "-F": EXECUTE, "--info-script": EXECUTE, "--new-volume-script": EXECUTE, "--rsh-command": EXECUTE,
            "--rmt-command": EXECUTE, "--delete": DELETE, "--remove-files": DELETE},
    "rg": {"--pre": EXECUTE, "--hostname-bin": EXECUTE, "--search-zip": EXECUTE},
    "fd": {"-x": EXECUTE, "--exec": EXECUTE, "-X": EXECUTE, "--exec-batch": EXECUTE},
    "ag": {"--pager": EXECUTE},
    "ack": {"--pager": EXECUTE},
    "bat": {"--pager": EXECUTE},
    "hash": {"-p": EXECUTE},
    "systemd-analyze": {"set-log-level": ADMINISTER},
}  # fmt: skip
"""Options of otherwise calmer programs. The worst one names the action: ``sort -o``."""

QUERIES: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    program: (frozenset(asking.split()), frozenset(beside.split()))
    for program, asking, beside in (
        ("crontab", "-l", "-u"),
        ("iptables", "-L -S --list --list-rules", "-n -v -x -t --numeric --verbose --line-numbers --table"),
        ("ip6tables", "-L -S --list --list-rules", "-n -v -x -t --numeric --verbose --line-numbers --table"),
        ("dpkg", "-l -L -s -S --list --listfiles --status --search --get-selections --print-architecture", ""),
        ("rpm", "-q --query", "-a -i -l -f -c -d --last --changelog --requires --provides"),
        ("swapon", "-s --show --summary", ""),
        ("gzip", "-l -t -c --list --test --stdout --to-stdout", "-d -v -k -q --decompress --verbose --keep"),
        ("gunzip", "-l -t -c --list --test --stdout", "-v -k"),
        ("bzip2", "-t -c --test --stdout", "-d -v -k"),
        ("xz", "-l -t -c --list --test --stdout", "-d -v -k"),
        ("unzip", "-l -t -Z -v -p", "-q"),
        ("stty", "-a -g --all --save", ""),
        ("fdisk", "-l --list", ""),
        ("sfdisk", "-l -d --list --dump", ""),
        ("parted", "-l --list", "-s"),
        ("ssh-add", "-l -L", ""),
        ("passwd", "-S --status", "-a"),
        ("chage", "-l --list", ""),
        ("chkconfig", "--list", ""),
        ("exportfs", "-s", "-v"),
        ("losetup", "-a -l --list --all", ""),
        ("hwclock", "-r --show", "-u --utc"),
        ("update-alternatives", "--list --display --query --get-selections", ""),
        ("auditctl", "-l -s", ""),
        ("python", "--version -V", ""),
        ("python3", "--version -V", ""),
        ("node", "--version -v", ""),
        ("java", "-version --version", ""),
        ("mount", "-l", "-t"),
        (
            "firewall-cmd",
            "--state --list-all --list-ports --list-services --get-active-zones --get-default-zone",
            "--zone",
        ),
        ("kill", "-l -L --list", ""),
        ("tcpdump", "-D --list-interfaces", ""),
    )
}
"""Options that only ask, and those that may stand beside them. A call with nothing else reads."""

NO_ARGUMENTS_READ: Final = frozenset("mount swapon stty alias iwlist service".split())
"""Programs that only tell when called without arguments."""

VERSION_OPTIONS: Final = frozenset({"--version", "--help"})

FILTERS: Final[Mapping[str, tuple[int, str]]] = {
    "grep": (1, "ABCemf"), "egrep": (1, "ABCemf"), "fgrep": (1, "ABCemf"), "head": (0, "nc"), "tail": (0, "nc"),
    "sort": (0, "ktS"), "uniq": (0, "fsw"), "wc": (0, ""), "cut": (0, "dfbc"), "tr": (2, ""), "nl": (0, "bfhivwns"),
    "column": (0, "tsNo"), "jq": (1, ""), "cat": (0, ""), "tac": (0, ""), "rev": (0, ""), "fold": (0, "w"),
        "fmt": (0, "w"),
    "less": (0, ""), "more": (0, ""), "paste": (0, "d"), "sed": (1, "e"), "awk": (1, "Fv"), "gawk": (1, "Fv"),
    "mawk": (1, "Fv"), "nawk": (1, "Fv"), "base64": (0, "w"), "md5sum": (0, ""), "sha256sum": (0, ""), "expand": (0,
        "t"),
    "unexpand": (0, "t"), "shuf": (0, "n"), "numfmt": (0, ""), "xxd": (0, "lcs"), "od": (0, "AtNj"), "strings": (0,
        "n"),
    "hexdump": (0, "ens"), "bc": (0, ""), "cksum": (0, ""), "sha1sum": (0, ""), "sha512sum": (0, ""),
}  # fmt: skip
"""Programs that, behind a pipe, only work on their input: how many operands they may have, and options with a value."""

COPIES: Final = frozenset({"cp", "mv", "ln", "install", "scp", "rsync"})
"""Programs that write to their last operand and read the others."""
