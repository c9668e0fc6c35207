"""Which models are served, and when one is trained again."""

import pytest

from bot.model import NEED_TENSORFLOW, UnservableModelError, read_model, refuse_unservable
from bot.training import fingerprint, install, is_fresh
from tests.bot.model_archive import write_model


def test_a_model_says_what_it_is(tmp_path):
    facts = read_model(write_model(tmp_path / "m.tar.gz", model_id="abc"))

    assert facts.model_id == "abc"
    assert facts.components == {"JiebaTokenizer", "LinearIntentClassifier"}
    refuse_unservable(facts)


def test_a_missing_model_is_an_error_and_not_the_newest_other_one(tmp_path):
    write_model(tmp_path / "newest.tar.gz")

    with pytest.raises(UnservableModelError, match="没有对话模型"):
        read_model(tmp_path / "asked-for.tar.gz")


@pytest.mark.parametrize("length", [0, 10, 200, -1, -100])
def test_half_a_model_is_noticed(tmp_path, length):
    path = write_model(tmp_path / "m.tar.gz")
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(UnservableModelError):
        read_model(path)


@pytest.mark.parametrize("field", ["model_id", "assistant_id", "rasa_open_source_version", "predict_schema"])
def test_an_archive_without_the_facts_is_no_model(tmp_path, field):
    with pytest.raises(UnservableModelError):
        read_model(write_model(tmp_path / "m.tar.gz", **{field: None}))


@pytest.mark.parametrize("component", sorted(NEED_TENSORFLOW))
def test_a_model_that_needs_tensorflow_is_refused_since_it_would_fail_on_every_message(tmp_path, component):
    facts = read_model(write_model(tmp_path / "m.tar.gz", components=["JiebaTokenizer", component]))

    with pytest.raises(UnservableModelError, match=component):
        refuse_unservable(facts)


@pytest.mark.parametrize("changes", [{"assistant_id": "pizza"}, {"rasa_open_source_version": "3.5.0"}])
def test_another_assistants_or_versions_model_is_refused(tmp_path, changes):
    with pytest.raises(UnservableModelError):
        refuse_unservable(read_model(write_model(tmp_path / "m.tar.gz", **changes)))


INPUTS = ("config.yml", "bot/domain/a.yml", "bot/data/nlu/a.yml", "bot/rasa_ext/a.py")


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    for name in (
        "config.yml",
        "bot/domain/a.yml",
        "bot/data/nlu/a.yml",
        "bot/rasa_ext/a.py",
        "bot/requirements.txt",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def trained(tmp_path, model, project):
    install(write_model(tmp_path / "scratch.tar.gz"), model, fingerprint(project))
    return model


def test_nothing_is_trained_again_while_nothing_changed(tmp_path, project):
    model = trained(tmp_path, tmp_path / "m.tar.gz", project)

    assert is_fresh(model, fingerprint(project))


@pytest.mark.parametrize(
    "name", ["config.yml", "bot/domain/a.yml", "bot/data/nlu/a.yml", "bot/rasa_ext/a.py"]
)
def test_any_change_of_an_input_trains_again(tmp_path, project, name):
    model = trained(tmp_path, tmp_path / "m.tar.gz", project)

    (project / name).write_text("changed")

    assert not is_fresh(model, fingerprint(project))


def test_a_renamed_input_trains_again(tmp_path, project):
    model = trained(tmp_path, tmp_path / "m.tar.gz", project)

    (project / "bot/data/nlu/a.yml").rename(project / "bot/data/nlu/b.yml")

    assert not is_fresh(model, fingerprint(project))


def test_what_python_compiles_is_no_input(tmp_path, project):
    model = trained(tmp_path, tmp_path / "m.tar.gz", project)

    (project / "bot/rasa_ext/__pycache__").mkdir()
    (project / "bot/rasa_ext/__pycache__/a.pyc").write_bytes(b"compiled")

    assert is_fresh(model, fingerprint(project))


def test_a_damaged_or_missing_model_trains_again(tmp_path, project):
    model = trained(tmp_path, tmp_path / "m.tar.gz", project)

    model.write_bytes(model.read_bytes()[:-1])

    assert not is_fresh(model, fingerprint(project))
    model.unlink()
    assert not is_fresh(model, fingerprint(project))


@pytest.mark.parametrize("stamp", ["", "{}", "[1]", "no json"])
def test_a_stamp_that_says_nothing_trains_again(tmp_path, project, stamp):
    model = trained(tmp_path, tmp_path / "m.tar.gz", project)

    model.with_name("m.tar.gz.stamp").write_text(stamp)

    assert not is_fresh(model, fingerprint(project))
