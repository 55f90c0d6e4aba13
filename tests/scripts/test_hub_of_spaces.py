"""Volumes, logs, buckets and Jobs of the local Hub, asked for by the installed, unmodified Hub client."""

import json
import uuid

import pytest
from helpers.local_hub import running_local_hub
from huggingface_hub import HfApi, JobHardware, Volume
from huggingface_hub.errors import BadRequestError, BucketNotFoundError, HfHubHTTPError, JobNotFoundError

pytestmark = pytest.mark.hub
STRANGER = "hf_token_of_somebody_else"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with running_local_hub(tmp_path_factory.mktemp("hub") / "root", "--account", f"eve:{STRANGER}") as hub:
        yield hub


@pytest.fixture(scope="module")
def api(hub):
    return HfApi(endpoint=hub.endpoint, token=hub.token)


@pytest.fixture(scope="module")
def stranger(hub):
    return HfApi(endpoint=hub.endpoint, token=STRANGER)


@pytest.fixture
def space(api):
    name = f"ada/space-{uuid.uuid4().hex[:8]}"
    api.create_repo(name, repo_type="space", space_sdk="gradio")
    api.upload_file(path_or_fileobj=b"", path_in_repo="app.py", repo_id=name, repo_type="space")
    return name


def test_volumes_are_replaced_read_and_taken_away(api, stranger, space):
    assert api.get_space_runtime(space).volumes is None
    bucket = Volume(type="bucket", source="ada/runs", mount_path="/data")
    model = Volume(type="model", source="ada/model", mount_path="/model", revision="v1", path="fold_0")
    api.set_space_volumes(space, [bucket, model])
    found = {volume.mount_path: volume for volume in api.get_space_runtime(space).volumes}
    assert (found["/data"].source, found["/data"].read_only) == ("ada/runs", False)
    assert (found["/model"].revision, found["/model"].path, found["/model"].read_only) == ("v1", "fold_0", True)
    for wrong in (
        [bucket, bucket],
        [Volume(type="bucket", source="ada/runs", mount_path="data")],
        [Volume(type="abacus", source="ada/runs", mount_path="/data")],
    ):
        with pytest.raises(BadRequestError):
            api.set_space_volumes(space, wrong)
    with pytest.raises(HfHubHTTPError):
        stranger.set_space_volumes(space, [bucket])
    api.delete_space_volumes(space)
    assert api.get_space_runtime(space).volumes is None
    with pytest.raises(BadRequestError):
        api.delete_space_volumes(space)
    made = api.create_repo("ada/with-volume", repo_type="space", space_sdk="gradio", space_volumes=[bucket]).repo_id
    assert [volume.source for volume in api.get_space_runtime(made).volumes] == ["ada/runs"]


def test_what_runs_a_space_writes_its_stage_and_log(api, hub, space):
    folder = hub.root / "spaces" / space
    (folder / "logs-build.txt").write_text("Collecting gradio\nERROR: no such version\n")
    settings = folder / "space.json"
    settings.write_text(json.dumps({"stage": "BUILD_ERROR"}))
    assert api.wait_for_space(space, timeout=5).stage == "BUILD_ERROR"
    assert list(api.fetch_space_logs(space, build=True)) == ["Collecting gradio", "ERROR: no such version"]
    assert list(api.fetch_space_logs(space)) == []
    assert api.restart_space(space).stage == "RUNNING"


def test_a_bucket_is_made_once_seen_by_its_owner_and_deleted(api, stranger):
    made = api.create_bucket("ada/runs", private=True)
    assert (made.bucket_id, made.url.endswith("/buckets/ada/runs")) == ("ada/runs", True)
    assert api.create_bucket("runs", exist_ok=True).bucket_id == "ada/runs"
    with pytest.raises(HfHubHTTPError, match="already created"):
        api.create_bucket("ada/runs")
    info = api.bucket_info("ada/runs")
    assert (info.id, info.private, info.size, info.total_files) == ("ada/runs", True, 0, 0)
    assert [bucket.id for bucket in api.list_buckets()] == ["ada/runs"]
    assert list(stranger.list_buckets("ada")) == []
    for call in (stranger.bucket_info, stranger.delete_bucket):
        with pytest.raises(BucketNotFoundError):
            call("ada/runs")
    with pytest.raises(HfHubHTTPError):
        stranger.create_bucket("ada/other")
    api.delete_bucket("ada/runs")
    api.delete_bucket("ada/runs", missing_ok=True)
    with pytest.raises(BucketNotFoundError):
        api.bucket_info("ada/runs")


def test_a_job_is_kept_as_it_was_asked_for_and_its_secrets_are_not_told(api, stranger, hub):
    secret = "hf_secret_of_a_job"
    job = api.run_uv_job(
        "python",
        script_args=["-m", "polyid", "train", "--epochs=2"],
        dependencies=["rdkit==2026.9.1"],
        python="3.11",
        env={"POLYID_CACHE": "/tmp"},
        secrets={"HF_TOKEN": secret},
        flavor=JobHardware.A10G_SMALL,
        timeout="2h",
        volumes=[Volume(type="dataset", source="ada/table", mount_path="/source", revision="main")],
    )
    assert job.url == f"{hub.endpoint}/jobs/ada/{job.id}"
    seen = api.inspect_job(job_id=job.id)
    words = [
        "uv",
        "run",
        "--with",
        "rdkit==2026.9.1",
        "--python",
        "3.11",
        "python",
        "-m",
        "polyid",
        "train",
        "--epochs=2",
    ]
    assert (seen.command, seen.flavor, seen.environment) == (words, "a10g-small", {"POLYID_CACHE": "/tmp"})
    assert (seen.status.stage, list(seen.secrets), seen.volumes[0].source) == ("SCHEDULING", ["HF_TOKEN"], "ada/table")
    assert secret not in repr(seen) and secret not in repr(list(api.list_jobs(namespace="ada")))
    path = hub.root / "jobs" / "ada" / f"{job.id}.json"
    kept = json.loads(path.read_text())
    assert (kept["spec"]["timeoutSeconds"], kept["spec"]["secrets"]["HF_TOKEN"]) == (7200, secret)
    path.with_suffix(".log").write_text("Reading\nTraining\n")
    path.write_text(json.dumps(kept | {"stage": "COMPLETED"}))
    assert list(api.fetch_job_logs(job_id=job.id, follow=True)) == ["Reading", "Training"]
    assert list(api.fetch_job_logs(job_id=job.id, tail=1)) == ["Training"]
    assert api.wait_for_job(job.id, timeout=5).status.stage == "COMPLETED"
    with pytest.raises(HfHubHTTPError):
        stranger.inspect_job(job_id=job.id, namespace="ada")
    with pytest.raises(JobNotFoundError):
        api.inspect_job(job_id="0" * 24)


def test_a_job_that_could_not_start_is_refused_and_one_at_work_is_cancelled(api):
    for changes in ({"flavor": "abacus"}, {"volumes": [Volume(type="bucket", source="x", mount_path="/x")]}):
        with pytest.raises(BadRequestError):
            api.run_job(image="python:3.12", command=["true"], **changes)
    job = api.run_job(image="python:3.12", command=["true"])
    assert job.retry == 0 and [each.id for each in api.list_jobs(namespace="ada", status="SCHEDULING")][:1] == [job.id]
    api.cancel_job(job_id=job.id)
    assert api.inspect_job(job_id=job.id).status.stage == "CANCELED"
