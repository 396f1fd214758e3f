"""The files that docs/cluster.md shows can be read by the programs that they are for."""

import json
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.docs.pages import blocks
from tests.fixtures.cluster import ABSENT

PAGE = Path("docs/cluster.md")
PARSED = [YAML(typ="safe").load(text) for text in blocks(PAGE, "yaml")]
HEAD = {"rayStartParams", "template"}  # fields of KubeRay's HeadGroupSpec, as far as they are used
WORKERS = HEAD | {"groupName", "replicas", "minReplicas", "maxReplicas"}


@pytest.mark.parametrize("script", blocks(PAGE, "bash"))
def test_a_script_is_one_for_bash(script):
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_manifest_has_the_fields_of_a_ray_cluster_and_pods_that_mount_their_own_volumes():
    (manifest,) = [parsed for parsed in PARSED if "kind" in parsed]
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", "RayCluster")
    head, groups = manifest["spec"]["headGroupSpec"], manifest["spec"]["workerGroupSpecs"]
    assert set(manifest["spec"]) == {"rayVersion", "headGroupSpec", "workerGroupSpecs"}
    assert set(head) == HEAD and all(set(group) == WORKERS for group in groups)
    for group in (head, *groups):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        pod = group["template"]["spec"]
        mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", [])}
        assert mounted == {volume["name"] for volume in pod.get("volumes", [])}


def test_the_cluster_in_a_cloud_is_one_that_ray_up_reads():
    ray = pytest.importorskip("ray", reason=ABSENT)
    jsonschema = pytest.importorskip("jsonschema")
    (cloud,) = [parsed for parsed in PARSED if "provider" in parsed]
    schema = Path(ray.__file__).parent / "autoscaler/ray-schema.json"
    jsonschema.validate(cloud, json.loads(schema.read_text()))
    assert cloud["head_node_type"] in cloud["available_node_types"]
