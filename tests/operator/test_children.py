"""What is remembered of the objects that belong to a resource."""

from xaynet_operator.children import Children
from xaynet_operator.facts import Manifest, ObjectKey
from xaynet_operator.owned import INSTANCE


def service(uid: str = "1", parent: str = "digits", version: str = "1") -> Manifest:
    metadata = {
        "namespace": "learning",
        "name": "digits-redis",
        "uid": uid,
        "resourceVersion": version,
        "labels": {INSTANCE: parent},
    }
    return {"kind": "Service", "metadata": metadata}


def test_an_object_that_is_given_to_another_resource_is_missed_at_the_first_one():
    children = Children()
    children.see(service(version="1"))
    children.see(service(version="2", parent="letters"))
    assert children.of("learning", "digits") == {}
    assert list(children.of("learning", "letters")) == [ObjectKey("Service", "digits-redis")]
    children.miss(service(version="3"))
    assert list(children.all()) == []


def test_the_end_of_an_object_leaves_a_new_one_of_its_name():
    children = Children()
    children.see(service("1"))
    children.see(service("2"))
    children.miss(service("1"))
    (left,) = children.all()
    assert left["metadata"]["uid"] == "2"
