"""The programs of a cluster with their settings, as pure functions of where it lives."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from node.places import Node, Places
from parts import program

Command = list[str | Path]
Tree = dict[str, Any]

SOCKET = "/run/containerd/containerd.sock"
"""Where a node's containerd listens; each node has a /run of its own."""
ETCD = "http://127.0.0.1:2379"
CNI_PROGRAMS = "/usr/lib/cni"
PAUSE = "localhost/pause:1"
UNHEARD = 25
"""Seconds after which a node of which nothing is heard is not Ready: half of what is usual."""
ENFORCE = Path(__file__).with_name("enforce.py")


def etcd(places: Places) -> Command:
    """Without fsync: what survives a killed process is enough for tests."""
    return [
        program("etcd", "etcd"),
        f"--data-dir={places.folder / 'etcd'}",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--unsafe-no-fsync",
    ]


def apiserver(places: Places) -> Command:
    """Reaches kubelets by address, as nothing resolves their names (for logs, exec and the like).

    The feature is off as it fills the log with errors with etcd 3.4.
    """
    pki = places.pki
    return [
        program("apiserver", "kube-apiserver"),
        f"--etcd-servers={ETCD}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={places.nodes[0].address}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={places.services}",
        f"--client-ca-file={pki('ca.crt')}",
        f"--tls-cert-file={pki('apiserver.crt')}",
        f"--tls-private-key-file={pki('apiserver.key')}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki('service-accounts.key')}",
        f"--service-account-signing-key-file={pki('service-accounts.key')}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--kubelet-client-certificate={pki('admin.crt')}",
        f"--kubelet-client-key={pki('admin.key')}",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged",
        "--feature-gates=SizeBasedListCostEstimate=false",
    ]


def controller_manager(places: Places) -> Command:
    pki = places.pki
    return [
        program("kubernetes", "kube-controller-manager"),
        f"--kubeconfig={places.kubeconfig}",
        f"--service-account-private-key-file={pki('service-accounts.key')}",
        f"--root-ca-file={pki('ca.crt')}",
        f"--cluster-signing-cert-file={pki('ca.crt')}",
        f"--cluster-signing-key-file={pki('ca.key')}",
        "--use-service-account-credentials",
        f"--node-monitor-grace-period={UNHEARD}s",
        "--leader-elect=false",
    ]


def scheduler(places: Places) -> Command:
    path = program("kubernetes", "kube-scheduler")
    return [path, f"--kubeconfig={places.kubeconfig}", "--leader-elect=false"]


def containerd(node: Node) -> Command:
    return [program("node-tools", "containerd"), f"--config={node.folder / 'containerd.toml'}"]


def kubelet(node: Node) -> Command:
    return [
        program("kubernetes", "kubelet"),
        f"--kubeconfig={node.folder / 'kubeconfig'}",
        f"--config={node.folder / 'kubelet.json'}",
        f"--root-dir={node.folder / 'kubelet'}",
        f"--node-ip={node.address}",
        f"--hostname-override={node.name}",
        f"--cert-dir={node.folder / 'certificates'}",
    ]


def proxy(node: Node, places: Places) -> Command:
    return [
        program("kubernetes", "kube-proxy"),
        f"--kubeconfig={places.kubeconfig}",
        f"--hostname-override={node.name}",
        f"--cluster-cidr={places.all_pods}",
        "--proxy-mode=iptables",
        "--conntrack-max-per-core=0",
    ]


def policies(places: Places) -> Command:
    """It is ours, and runs on this interpreter."""
    return [sys.executable, "-I", ENFORCE, places.nodes[0].address, places.pki("")]


def kubeconfig(places: Places, user: str) -> Tree:
    """Whoever holds it speaks as the user whose certificate it carries."""

    def embedded(name: str) -> str:
        return base64.b64encode(places.pki(name).read_bytes()).decode()

    cluster = {"server": places.server, "certificate-authority-data": embedded("ca.crt")}
    certificate, key = embedded(f"{user}.crt"), embedded(f"{user}.key")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": places.bridge, "cluster": cluster}],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": certificate, "client-key-data": key},
            }
        ],
        "contexts": [{"name": places.bridge, "context": {"cluster": places.bridge, "user": user}}],
        "current-context": places.bridge,
    }


def containerd_settings(node: Node, snapshotter: str) -> str:
    """`restrict_oom_score_adj`: without CAP_SYS_RESOURCE no sandbox would start otherwise."""
    return f"""\
version = 2
root = "{node.folder / "containerd"}"
state = "/run/containerd"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{node.folder / "opt"}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PROGRAMS}"
    conf_dir = "{node.folder / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def pod_network(node: Node) -> Tree:
    """Pods keep their own address as sender: no masquerading."""
    addresses = {
        "type": "host-local",
        "dataDir": "/run/pod-addresses",
        "ranges": [[{"subnet": node.pods}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": addresses,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]}


def kubelet_settings(node: Node, places: Places) -> Tree:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.link}",
        "authentication": {
            "x509": {"clientCAFile": str(places.pki("ca.crt"))},
            "webhook": {"enabled": True},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(places.pki(f"{node.name}.crt")),
        "tlsPrivateKeyFile": str(places.pki(f"{node.name}.key")),
        "clusterDNS": [places.dns],
        "clusterDomain": "cluster.local",
        "resolvConf": str(places.folder / "resolv.conf"),
        "podLogsDir": str(node.folder / "pod-logs"),
        "volumePluginDir": str(node.folder / "volume-plugins"),
        "nodeLeaseDurationSeconds": UNHEARD - 5,
        "failSwapOn": False,
        # A machine that is short of disk would lose its pods and then its images.
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
    }


def write_settings(places: Places, snapshotter: str) -> None:
    """Writes what the programs read; the certificates are there already."""
    (places.folder / "resolv.conf").write_text(f"nameserver {places.dns}\n")
    write(places.kubeconfig, kubeconfig(places, "admin"))
    for node in places.nodes:
        (node.folder / "cni").mkdir(parents=True)
        write(node.folder / "cni" / "10-pods.conflist", pod_network(node))
        write(node.folder / "kubeconfig", kubeconfig(places, node.name))
        write(node.folder / "kubelet.json", kubelet_settings(node, places))
        settings = containerd_settings(node, snapshotter)
        (node.folder / "containerd.toml").write_text(settings)


def write(path: Path, tree: Tree) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(tree, indent=2))
