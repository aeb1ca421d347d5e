"""What keeps pods and volumes from running: which trouble it is, and what to do about it."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from found_on_kubernetes import (
    COORDINATOR,
    ERASE,
    MINIO,
    NOW,
    REDIS,
    by_key,
    claim,
    ended,
    owned,
    pod,
    resource,
    running,
    unscheduled,
    waiting,
    workload,
)
from xaynet_operator.facts import Manifest, ObjectKey, Problem
from xaynet_operator.refusals import Trouble, refused_objects
from xaynet_operator.troubles import PATIENCE, troubles_of

CR = resource()
UNBOUND = (
    "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 "
    "nodes are available: 1 Preemption is not helpful for scheduling."
)
PROVISIONER = "rancher.io/local-path"
NOT_FOUND = (
    'failed to pull and unpack image "registry.example.org/app:1": failed to resolve reference: '
    "registry.example.org/app:1: not found"
)


def troubles(*objects: Manifest) -> tuple[Trouble, ...]:
    return troubles_of(CR, by_key(objects), NOW)


def only(*objects: Manifest) -> Trouble:
    (trouble,) = troubles(*objects)
    return trouble


def test_a_service_that_runs_has_no_troubles() -> None:
    well = {"name": "coordinator", "ready": True, "restartCount": 0, "state": {"running": {}}}
    assert troubles(*running(), pod(COORDINATOR, well, phase="Running")) == ()


def test_a_container_that_is_just_being_made_is_no_trouble() -> None:
    assert troubles(pod(COORDINATOR, waiting("ContainerCreating"))) == ()
    assert troubles(pod(REDIS, waiting("PodInitializing"))) == ()


@pytest.mark.parametrize(
    "said",
    [
        "failed to sync secret cache: timed out waiting for the condition",
        'object "learning"/"digits-redis" not registered',
        "services have not yet been read at least once, cannot construct envs",
    ],
)
def test_a_kubelet_that_has_not_read_everything_yet_is_no_trouble(said: str) -> None:
    assert troubles(pod(COORDINATOR, waiting("CreateContainerConfigError", said))) == ()


@pytest.mark.parametrize(
    ("status", "reason", "sentences"),
    [
        (waiting("ErrImagePull", NOT_FOUND), "ImagePullFailed",
         ["registry.example.org/app:1: not found", "spec.coordinator.image",
          "spec.coordinator.imagePullSecrets"]),
        (waiting("InvalidImageName", "couldn't parse"), "ImagePullFailed", ["no name of an image"]),
        (waiting("ErrImageNeverPull", "x"), "ImagePullFailed", ["the pull policy Never forbids"]),
        (waiting("CreateContainerConfigError", 'secret "redis-url" not found'),
         "ContainerConfigError",
         ['secret "redis-url" not found', "Create the Secret", "in namespace learning"]),
        (waiting("CreateContainerConfigError", "couldn't find key url in Secret learning/a"),
         "ContainerConfigError", ["couldn't find key url in Secret learning/a"]),
        (waiting("RunContainerError", 'exec: "xaynet": executable file not found in $PATH'),
         "ContainerStartFailed", ["executable file not found", "spec.coordinator.image"]),
        (waiting("CrashLoopBackOff", "back-off 40s restarting failed container", restartCount=4,
                 lastState=ended(1, "s3.bucket is missing\n")),
         "CrashLooping",
         ["The coordinator ends again and again, with exit code 1: s3.bucket is missing.",
          "kubectl logs deployment/digits-coordinator --previous"]),
        (waiting("CrashLoopBackOff", restartCount=4, lastState=ended(137, reason="OOMKilled")),
         "OutOfMemory",
         ["its limit of 64Mi", "Raise spec.coordinator.resources.limits.memory."]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_a_container_that_does_not_run_says_why_and_what_to_do(
    status: Manifest, reason: str, sentences: list[str]
) -> None:
    trouble = only(pod(COORDINATOR, status))
    assert trouble.reason == reason
    for sentence in sentences:
        assert sentence in trouble.message


def test_advice_names_the_fields_of_the_component() -> None:
    assert "spec.redis.managed.image" in only(pod(REDIS, waiting("ErrImagePull"))).message
    assert "spec.models.managed.image" in only(pod(MINIO, waiting("ErrImagePull"))).message
    crash = only(pod(MINIO, waiting("CrashLoopBackOff", lastState=ended(1))))
    assert "kubectl logs statefulset/digits-minio --previous" in crash.message


def test_an_init_container_counts_like_any_other() -> None:
    stuck = pod(COORDINATOR, waiting("PodInitializing"), initContainerStatuses=[
        waiting("ImagePullBackOff", "Back-off pulling image", name="permissions")])  # fmt: skip
    assert only(stuck).reason == "ImagePullFailed"


def test_pulling_again_and_waiting_to_pull_again_are_told_in_the_same_words() -> None:
    backing_off = f'Back-off pulling image "registry.example.org/app:1": ErrImagePull: {NOT_FOUND}'
    pulls = only(pod(COORDINATOR, waiting("ErrImagePull", NOT_FOUND)))
    assert only(pod(COORDINATOR, waiting("ImagePullBackOff", backing_off))) == pulls


def test_the_port_of_a_client_is_no_news() -> None:
    said = "dial tcp: lookup registry.example.org: read udp 10.1.0.2:{}->10.0.0.10:53: i/o timeout"
    one, other = (only(pod(REDIS, waiting("ErrImagePull", said.format(at)))) for at in (4711, 815))
    assert one == other
    assert "i/o timeout" in one.message


def test_a_crash_is_told_between_two_attempts_too() -> None:
    backing_off = only(pod(COORDINATOR, waiting(
        "CrashLoopBackOff", restartCount=3, lastState=ended(1, "no"))))  # fmt: skip
    starting = {"name": "coordinator", "ready": False, "restartCount": 4, "state": {"running": {}}}
    again = pod(COORDINATOR, starting | {"lastState": ended(1, "no")}, phase="Running")
    assert only(again) == backing_off
    ends = {"name": "coordinator", "ready": False, "restartCount": 3, "state": ended(1, "no")}
    assert only(pod(COORDINATOR, ends, phase="Running")) == backing_off


def test_one_restart_is_no_loop() -> None:
    once = {"name": "coordinator", "ready": False, "restartCount": 1, "state": {"running": {}}}
    assert troubles(pod(COORDINATOR, once | {"lastState": ended(1, "no")})) == ()


def test_crashes_of_a_container_that_is_ready_again_are_over() -> None:
    well = {"name": "coordinator", "ready": True, "restartCount": 9, "state": {"running": {}}}
    killed = well | {"lastState": ended(137, reason="OOMKilled")}
    assert troubles(pod(COORDINATOR, killed, phase="Running")) == ()


def test_of_a_log_only_the_sentence_at_its_end_is_quoted() -> None:
    log = '{"event": "serving"}\n{"event": "ended"}\nredis.url is "x", but must be a URL\n'
    trouble = only(pod(COORDINATOR, waiting("CrashLoopBackOff", lastState=ended(1, log))))
    assert ': redis.url is "x", but must be a URL. ' in trouble.message
    assert "event" not in trouble.message


def test_quotes_are_of_bounded_length() -> None:
    trouble = only(pod(COORDINATOR, waiting("CrashLoopBackOff", lastState=ended(1, "x " * 5000))))
    assert len(trouble.message) < 600


def test_old_pods_that_are_being_deleted_are_ignored() -> None:
    leaving = pod(COORDINATOR, waiting("ImagePullBackOff"))
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T20:00:00Z"
    assert troubles(leaving) == ()


def test_evicted_pods_that_lie_around_are_ignored() -> None:
    assert troubles(pod(COORDINATOR, phase="Failed", reason="Evicted")) == ()


def test_the_same_trouble_of_two_pods_is_told_once() -> None:
    one, other = (pod(COORDINATOR, waiting("ErrImagePull", NOT_FOUND)) for _ in range(2))
    other["metadata"]["name"] += "2"
    assert len(troubles(one, other)) == 1


def test_a_pod_that_no_node_takes_is_unschedulable() -> None:
    said = "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available."
    trouble = only(pod(REDIS, conditions=unscheduled(said)))
    assert trouble.reason == "Unschedulable"
    assert "0/1 nodes are available: 1 Insufficient memory. Lower" in trouble.message
    assert "spec.redis.managed.resources.requests" in trouble.message


def test_a_pod_that_was_scheduled_meanwhile_is_no_trouble() -> None:
    scheduled = [{"type": "PodScheduled", "status": "True"}]
    assert troubles(pod(REDIS, conditions=scheduled)) == ()


def test_a_missing_storage_class_is_the_cause_and_not_the_scheduler() -> None:
    trouble = only(claim(REDIS), pod(REDIS, conditions=unscheduled(UNBOUND)))
    assert trouble.reason == "VolumePending"
    assert "nothing makes volumes of storage class fast" in trouble.message
    assert "kubectl get storageclass" in trouble.message


def test_a_claim_without_a_class_needs_a_default_one() -> None:
    unclassed = claim(MINIO)
    del unclassed["spec"]["storageClassName"]
    trouble = only(unclassed, pod(MINIO, conditions=unscheduled(UNBOUND)))
    assert trouble.reason == "VolumePending"
    assert "Mark a StorageClass as the default" in trouble.message


def test_an_empty_class_needs_a_volume_by_hand() -> None:
    unclassed = claim(MINIO)
    unclassed["spec"]["storageClassName"] = ""
    assert "Create a PersistentVolume" in only(unclassed).message


def test_a_volume_that_takes_long_names_who_makes_it() -> None:
    trouble = only(
        claim(REDIS, provisioner=PROVISIONER), pod(REDIS, conditions=unscheduled(UNBOUND))
    )
    assert trouble.reason == "VolumePending"
    assert "waits for a volume by rancher.io/local-path" in trouble.message
    assert "kubectl describe pvc digits-redis" in trouble.message


def test_what_every_start_lacks_for_a_moment_is_no_trouble_yet() -> None:
    made, unmade = claim(REDIS, provisioner=PROVISIONER), claim(MINIO)
    barren, refused = workload(REDIS, ready=False), workload(COORDINATOR, ready=False)
    barren["status"] = {"observedGeneration": 2, "replicas": 0}
    refused["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True"}]
    start = (made, unmade, barren, refused, pod(MINIO, conditions=unscheduled(UNBOUND)))
    for one in start:
        one["metadata"]["creationTimestamp"] = NOW.isoformat()
    objects = by_key(start)
    assert troubles_of(CR, objects, NOW + PATIENCE - timedelta(seconds=1)) == ()
    assert {one.reason for one in troubles_of(CR, objects, NOW + PATIENCE)} == {
        "VolumePending",
        "ObjectRefused",
    }


def test_a_claim_that_waits_for_its_pod_is_not_the_cause() -> None:
    said = "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}."
    assert only(claim(REDIS), pod(REDIS, conditions=unscheduled(said))).reason == "Unschedulable"
    assert troubles(claim(REDIS), pod(REDIS)) == ()


def test_bound_claims_are_no_trouble_and_lost_ones_are() -> None:
    assert troubles(claim(REDIS, "Bound")) == ()
    assert only(claim(REDIS, "Lost")).reason == "VolumeLost"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ('pods "digits-coordinator-7d9f-abcde" is forbidden: exceeded quota: small, requested: '
         "pods=1, used: pods=4, limited: pods=4", "Raise the ResourceQuota"),
        ('pods "digits-coordinator-7d9f-abcde" is forbidden: violates PodSecurity "restricted:'
         'latest": unrestricted capabilities', "Let the Pod Security level of the namespace"),
    ],
)  # fmt: skip
def test_pods_that_may_not_be_created_say_what_forbids_them(said: str, advice: str) -> None:
    deployment = workload(COORDINATOR, ready=False)
    deployment["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": said}
    ]
    trouble = only(deployment)
    assert trouble.reason == "ObjectRefused"
    assert advice in trouble.message
    assert said.split("forbidden: ")[1] in trouble.message
    assert "abcde" not in trouble.message, "the next attempt has another name"


def test_a_stateful_set_that_gets_no_pods_names_where_the_reason_is() -> None:
    barren = workload(REDIS, ready=False)
    barren["status"] = {"observedGeneration": 2, "replicas": 0}
    trouble = only(barren)
    assert trouble.reason == "ObjectRefused"
    assert "kubectl describe statefulset/digits-redis" in trouble.message
    assert troubles(barren, pod(REDIS)) == ()


def test_a_stateful_set_that_is_new_or_wants_no_pods_is_no_trouble() -> None:
    new = workload(REDIS, ready=False)
    new["status"] = {}
    assert troubles(new) == ()
    assert troubles(workload(REDIS, wanted=0)) == ()


def test_a_rollout_that_takes_too_long_is_the_last_thing_to_tell() -> None:
    deployment = workload(COORDINATOR, ready=False)
    deployment["status"]["conditions"] = [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    ]
    assert only(deployment).reason == "RolloutStuck"
    stuck = pod(COORDINATOR, waiting("ErrImagePull"))
    reasons = [one.reason for one in troubles(deployment, stuck)]
    assert reasons == ["ImagePullFailed", "RolloutStuck"]


def test_an_attempt_to_erase_that_failed_is_told_while_it_is_tried_again() -> None:
    failed = {"name": "erase", "ready": False, "restartCount": 0, "state": ended(1, "no Redis")}
    trouble = only(owned("Job", ERASE), pod(ERASE, failed, phase="Failed"))
    assert trouble.reason == "ErasureFailing"
    assert "no Redis" in trouble.message


def test_what_others_need_comes_first() -> None:
    crash = pod(COORDINATOR, waiting("CrashLoopBackOff", lastState=ended(1, "no Redis")))
    image, node = pod(REDIS, waiting("ErrImagePull")), pod(MINIO, conditions=unscheduled("0/1"))
    order = [(one.component, one.reason) for one in troubles(crash, node, image)]
    assert order == [
        (REDIS, "ImagePullFailed"),
        (MINIO, "Unschedulable"),
        (COORDINATOR, "CrashLooping"),
    ]


# What the API server did not take


def refusal(kind: str, reason: str, message: str) -> Problem:
    return Problem(ObjectKey(kind, "digits-redis"), reason, message)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ('persistentvolumeclaims "x" is forbidden: exceeded quota: small', "ResourceQuota"),
        ('User "system:serviceaccount:xaynet:operator" cannot patch resource', "ClusterRole"),
        ('admission webhook "deny.example.org" denied the request', "admission webhook"),
        ("StatefulSet digits-redis belongs to someone else", "Change what it names."),
    ],
)
def test_a_refused_object_says_what_to_do(message: str, advice: str) -> None:
    (needed,), optional = refused_objects([refusal("StatefulSet", "Forbidden", message)])
    assert optional == ()
    assert (needed.component, needed.reason) == (REDIS, "ObjectRefused")
    assert message in needed.message
    assert advice in needed.message


def test_an_object_of_somebody_else_is_named_in_one_sentence() -> None:
    said = "Secret digits-redis is there already and does not belong to it: remove or rename it"
    (needed,), _ = refused_objects([refusal("Secret", "NameTaken", said)])
    assert (needed.reason, needed.message) == ("ObjectRefused", f"{said}.")


def test_objects_that_the_service_does_without_are_told_apart() -> None:
    needed, optional = refused_objects([refusal("PodDisruptionBudget", "Forbidden", "no")])
    assert needed == ()
    assert len(optional) == 1


def test_a_secret_that_is_missing_is_an_error_of_the_configuration() -> None:
    (needed,), _ = refused_objects([refusal("Secret", "Missing", "Secret a has no entry url.")])
    assert (needed.reason, needed.message) == (
        "ContainerConfigError",
        "Secret a has no entry url.",
    )


# Incomplete documents

EVERYTHING: list[Manifest] = [
    *running(),
    claim(REDIS, provisioner=PROVISIONER),
    claim(MINIO),
    pod(REDIS, conditions=unscheduled(UNBOUND)),
    pod(MINIO, waiting("ErrImagePull", NOT_FOUND), initContainerStatuses=[waiting("StartError")]),
    pod(COORDINATOR, waiting("CrashLoopBackOff", lastState=ended(1, "no"))),
    owned("Job", ERASE),
    pod(ERASE, phase="Failed"),
]


def places(document: Any) -> list[tuple[Any, Any]]:
    """Everything that may be missing in a document: its holder, and its name or index."""
    inner = list(document.items() if isinstance(document, dict) else enumerate(document))
    below = [
        place for _, value in inner if isinstance(value, dict | list) for place in places(value)
    ]
    return [(document, name) for name, _ in inner] + below


@st.composite
def incomplete(draw: st.DrawFn) -> list[Manifest]:
    """All kinds of objects, with some of their parts left out or null."""
    objects = deepcopy(EVERYTHING)
    for document in objects:
        for _ in range(draw(st.integers(0, 3))):
            parts = [place for place in places(document) if place != (document, "kind")]
            holder, name = draw(st.sampled_from(parts))
            if isinstance(holder, list) or draw(st.booleans()):
                holder[name] = None
            else:
                del holder[name]
    return objects


@given(incomplete())
def test_incomplete_objects_are_read_as_far_as_they_go(objects: list[Manifest]) -> None:
    by_number = {ObjectKey("Any", str(i)): one for i, one in enumerate(objects)}
    found = troubles_of(CR, by_number, NOW)
    assert all(one.message for one in found)
    assert len(set(found)) == len(found)
