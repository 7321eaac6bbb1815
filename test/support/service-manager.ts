import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run, temporaryFolder } from './programs.ts';

const SYSTEMD = '/lib/systemd/systemd';
const HIERARCHY = '/sys/fs/cgroup/systemd';

/** What a suite needs that starts a systemd of its own: the program, namespaces, and where it keeps its processes apart. */
export const SYSTEMD_NEEDS: readonly string[] = [
  'unshare',
  'nsenter',
  'runuser',
  'useradd',
  'systemctl',
  ...(existsSync(SYSTEMD) ? [] : [SYSTEMD]),
  ...(existsSync(`${HIERARCHY}/cgroup.procs`) ? [] : ['the cgroups of systemd']),
];

/** The checkout, as it is seen inside. */
export const CHECKOUT = '/opt/registry-gate';
const REPOSITORY = resolve(import.meta.dirname, '../..');

/**
 * The machine as it is, on a disk that forgets what is written to it, with a network of its own and nothing running. $1 is
 * the folder for what comes out and what goes in, $2 the checkout.
 */
const BOOT = `
set -eu
mount --make-rprivate /
lab=$1/lab
mkdir $lab
mount -t tmpfs tmpfs $lab
mkdir $lab/upper $lab/work $lab/root
mount -t overlay overlay -o lowerdir=/,upperdir=$lab/upper,workdir=$lab/work $lab/root
root=$lab/root
mkdir -p $root/out $root${CHECKOUT}
mount --bind $1 $root/out
mount --bind $2 $root${CHECKOUT}
mount -t proc proc $root/proc
mount -t sysfs -o ro sysfs $root/sys
mount -t tmpfs tmpfs $root/sys/fs/cgroup
mkdir $root${HIERARCHY}
mount -t cgroup -o none,name=systemd cgroup $root${HIERARCHY}
mount -t tmpfs tmpfs $root/run
mount -t tmpfs -o mode=755 tmpfs $root/dev
for device in null zero full random urandom tty; do
  touch $root/dev/$device
  mount --bind /dev/$device $root/dev/$device
done
mkdir $root/dev/pts $root/dev/shm $root/dev/mqueue $root/dev/hugepages
mount -t tmpfs tmpfs $root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
ip link set lo up
rm -rf $root/etc/systemd/system/*.wants
mkdir $root/etc/systemd/system/lab.target.wants
cp $1/lab.target $1/lab.service $root/etc/systemd/system/
ln -s ../lab.service $root/etc/systemd/system/lab.target.wants/
cd $root
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . ${SYSTEMD} --system --unit=lab.target --log-target=null --show-status=0
`;

/** Keeps the processes of the new systemd in a group of their own, which is gone afterwards. */
const START = `
group=${HIERARCHY}/gate-$$
mkdir $group
trap 'sleep 0.2; find $group -depth -type d -exec rmdir {} \\;' EXIT
sh -c 'echo $$ > "$1"/cgroup.procs; shift; exec "$@"' - $group unshare --cgroup --fork --pid --mount --uts --ipc --net --kill-child sh "$1/boot.sh" "$1" "$2"
`;

const TARGET = '[Unit]\nDefaultDependencies=no\n';
const SERVICE = `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
StandardOutput=file:/out/output
StandardError=file:/out/output
ExecStart=/bin/sh /out/script.sh
ExecStopPost=/bin/systemctl exit 0
`;

/** Runs a script as root below a systemd of its own; resolves to what it prints. Nothing that it does stays. */
export async function runUnderSystemd(script: string, deadlineMs = 900_000): Promise<string> {
  const folder = await temporaryFolder('systemd');
  const files = { 'boot.sh': BOOT, 'script.sh': script, 'lab.target': TARGET, 'lab.service': SERVICE };
  try {
    await mkdir(folder.path, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
    const ran = await run('sh', ['-c', START, '-', folder.path, REPOSITORY], { deadlineMs });
    return await readFile(join(folder.path, 'output'), 'utf8').catch(() => {
      throw new Error(`systemd did not come as far as the script: ${ran.output}`);
    });
  } finally {
    await folder.close();
  }
}
