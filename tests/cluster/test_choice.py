"""Who provides the cluster, and the one sentence where nobody can."""

import pytest

from node.choice import NoCluster, choose


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """Nothing chosen, nothing built and nothing on PATH."""
    for name in ("XAYNET_CLUSTER", "XAYNET_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XAYNET_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_where_none_can_run_one_sentence_says_what_each_lacks(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(NoCluster) as refused:
        choose()
    assert str(refused.value) == (
        "No Kubernetes cluster can run here (bare needs root on Linux; kind needs `kind` on PATH;"
        " kubeconfig needs a kubeconfig file in $XAYNET_KUBECONFIG);"
        " `make test-fast` needs none of it."
    )


def test_parts_that_were_not_built_are_named_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (tmp_path / "cc").touch(mode=0o755)
    with pytest.raises(NoCluster, match=r"build\.py .*apiserver kubernetes coredns local-path"):
        choose(provider="bare")


def test_a_kubeconfig_that_is_named_is_taken_before_all_others(monkeypatch, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    monkeypatch.setenv("XAYNET_KUBECONFIG", str(kubeconfig))
    assert choose().kubeconfig == kubeconfig


def test_the_provider_that_is_chosen_is_the_only_one_asked(monkeypatch):
    monkeypatch.setenv("XAYNET_CLUSTER", "kind")
    with pytest.raises(
        NoCluster, match=r"^No Kubernetes cluster can run here \(kind needs [^;]*\)"
    ):
        choose()


def test_a_provider_that_is_not_known_is_refused(monkeypatch):
    monkeypatch.setenv("XAYNET_CLUSTER", "cloud")
    with pytest.raises(NoCluster, match="cloud, which is none of bare, kind, kubeconfig"):
        choose()
