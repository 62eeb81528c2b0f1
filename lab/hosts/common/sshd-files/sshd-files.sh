# sshd wants an empty folder of its own when it is started by root. The host key of a second type is made anew each time;
# the Ed25519 keys come from the seed.
set -e
mkdir -p /run/sshd
ssh-keygen -q -t ecdsa -N '' -C '@{host}' -f '@{run}/conf/ssh_host_ecdsa_key' </dev/null
