#!/usr/bin/env bash
# A Slurm cluster of one node on loopback, to try the workflow on. Needs root, and Debian's slurm-wlm and munge.
#   cluster.sh up   FOLDER   start munged, slurmctld and slurmd with everything they write in FOLDER
#   cluster.sh down FOLDER   cancel all jobs, end the daemons, take the configuration away
# There is no accounting database. FOLDER/completed.txt has a line for each job that has ended.
set -euo pipefail

usage() {
  sed -n '2,5s/^# //p' "$0" >&2
  exit 2
}

[ $# = 2 ] || usage
folder=$(realpath -m "$2")
host=$(hostname -s)
cores=${CLUSTER_CORES:-8} # may exceed what the machine has
# Snakemake's executor takes SLURM_CONF out of the environment of its jobs, so the default place is the only one.
config=/etc/slurm/slurm.conf
mark="# Written by tests/slurm/cluster.sh, which takes it away again. Folder of the cluster:"
daemons=(slurmd slurmctld munged) # in the order in which they end

# The folder of the cluster that the configuration belongs to.
configured() { sed -n "s|^$mark ||p" "$config" 2>/dev/null || true; }

# Says whether a daemon of a cluster is alive; what has its number by now may be another program.
alive() {
  local pid
  pid=$(cat "$1/run/$2.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]
}

up() {
  if [ -e "$config" ] || [ -L "$config" ]; then
    local other
    other=$(configured)
    if [ -z "$other" ]; then
      echo "$config belongs to another cluster: it stays as it is, and no cluster is started." >&2
      exit 1
    fi
    for daemon in "${daemons[@]}"; do
      if alive "$other" "$daemon"; then
        echo "A cluster of these tests is up already: end it with '$0 down $other'." >&2
        exit 1
      fi
    done
  fi

  mkdir -p "$folder"/{munge,run,state,spool,log}
  chmod 755 "$folder" "$folder/run"
  chmod 700 "$folder/munge"
  rm -rf "$folder"/state/* "$folder"/run/* "$folder/completed.txt"
  (umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
  write_config
  trap 'tail -n 5 "$folder"/log/*.log >&2; down' ERR EXIT

  setsid munged --foreground --key-file="$folder/munge/key" --socket="$folder/run/munge.socket" \
    --pid-file="$folder/run/munged.pid" --seed-file="$folder/munge/seed" >"$folder/log/munged.log" 2>&1 &
  wait_for munge --socket="$folder/run/munge.socket" --no-input
  setsid slurmctld -D >"$folder/log/slurmctld.log" 2>&1 &
  wait_for scontrol ping
  setsid slurmd -D -N "$host" >"$folder/log/slurmd.log" 2>&1 &
  wait_for node_is_idle
  trap - ERR EXIT
}

node_is_idle() { sinfo --noheader --format=%t | grep -q '^idle$'; }

wait_for() {
  for _ in $(seq 150); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  echo "Not within 30 seconds: $*" >&2
  return 1
}

# Memory is polled each second, as control groups may be out of reach in a container; a job that takes more than it
# asked for is killed.
write_config() {
  cat >"$config" <<CONF
$mark $folder
ClusterName=onenode
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/completed.txt
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
MinJobAge=3600
KillWait=2
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores Boards=1 SocketsPerBoard=1 CoresPerSocket=$cores ThreadsPerCore=1 RealMemory=16000 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES DefaultTime=5 MaxTime=1440 State=UP
CONF
}

down() {
  trap - ERR EXIT
  if [ "$(configured)" = "$folder" ]; then
    if alive "$folder" slurmctld; then
      timeout 10 scancel --user="$(id -un)" || true
      for _ in $(seq 50); do
        [ -z "$(timeout 10 squeue --noheader --states=RUNNING,COMPLETING 2>/dev/null)" ] && break
        sleep 0.2
      done
    fi
    # Left behind, it makes every call of Snakemake with the plugin wait for a controller.
    rm -f "$config"
  fi
  for daemon in "${daemons[@]}"; do
    alive "$folder" "$daemon" || continue
    kill "$(cat "$folder/run/$daemon.pid")"
    for _ in $(seq 50); do
      alive "$folder" "$daemon" || break
      sleep 0.2
    done
  done
}

case $1 in
  up) up ;;
  down) down ;;
  *) usage ;;
esac
