"""The steps of the set-up: what each makes, and that each is done once."""

import pytest

from tests.setup.fake_python import log_lines, write_fake_python
from tools.steps import plan
from tools.steps.error import SetupError


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.delenv("BANGBAN_DATA", raising=False)
    monkeypatch.delenv("BANGBAN_LEXICON", raising=False)
    write_fake_python(tmp_path / ".venv" / "bin" / "python", "9.9", tmp_path)
    (tmp_path / "knowledge" / "model_assembly").mkdir(parents=True)
    (tmp_path / "knowledge" / "model_assembly" / "sources.py").write_text("# pinned")
    samples = tmp_path / "knowledge" / "samples"
    (samples / "guides").mkdir(parents=True)
    (samples / "guides" / "identity.json").write_text("[]\n")
    (samples / "faq.jsonl").write_text("{}\n")
    (samples / "documents.jsonl").write_text("{}\n")
    (samples / "README.md").write_text("about")
    return tmp_path


def quiet(line):
    pass


class TestEmbeddingModel:
    def make(self, root):
        return plan.make_embedding_model(root, root / ".venv" / "bin" / "python", quiet)

    def stand(self, root, *files):
        target = root / "models" / "embedding"
        target.mkdir(parents=True, exist_ok=True)
        for file in files:
            (target / file).write_text("{}")

    def test_it_is_assembled_once(self, root):
        assert self.make(root) is True
        self.stand(root, "modules.json", "manifest.json")

        assert self.make(root) is False
        assert len(log_lines(root, "module-log")) == 1
        assert "knowledge.model_assembly" in log_lines(root, "module-log")[0]

    def test_it_is_assembled_again_when_the_recipe_changed_or_the_folder_is_gone(self, root):
        self.make(root)
        self.stand(root, "modules.json", "manifest.json")
        (root / "knowledge" / "model_assembly" / "sources.py").write_text("# pinned otherwise")
        assert self.make(root) is True

        (root / "models" / "embedding" / "modules.json").unlink()
        assert self.make(root) is True

    def test_a_model_that_someone_put_there_is_left_alone(self, root):
        self.stand(root, "modules.json")

        assert self.make(root) is False
        assert log_lines(root, "module-log") == []

    def test_a_failure_is_tried_again_the_next_time(self, root):
        (root / "module-status").write_text("1")
        with pytest.raises(SetupError, match="Making the embedding model failed"):
            self.make(root)
        self.stand(root, "modules.json", "manifest.json")
        (root / "module-status").unlink()

        assert self.make(root) is True


class TestDialogueModel:
    @pytest.mark.parametrize(
        ("says", "did"), [("x.tar.gz: nothing changed\n", False), ("x: trained\n", True)]
    )
    def test_the_launcher_knows_whether_there_is_anything_to_train(self, root, says, did):
        (root / "module-says").write_text(says)

        assert plan.train_dialogue(root, root / ".venv" / "bin" / "python", quiet) is did

    def test_a_failed_training_shows_why(self, root):
        (root / "module-says").write_text("InvalidDomain: utter_x\n")
        (root / "module-status").write_text("1")

        with pytest.raises(SetupError, match="utter_x"):
            plan.train_dialogue(root, root / ".venv" / "bin" / "python", quiet)


@pytest.fixture
def bangban(root):
    command = root / ".venv" / "bin" / "bangban"
    command.write_text(f'#!/bin/sh\necho "$@" >> {root}/bangban-log\nmkdir -p {root}/models/linker\n')
    command.chmod(0o755)


class TestLinkingModel:
    def test_it_is_trained_once_for_each_state_of_the_knowledge_and_the_embedding_model(self, root, bangban):
        def train():
            return plan.train_linker(root, root / ".venv", quiet)

        assert train() is True
        assert train() is False
        (root / "knowledge" / "lexicon.toml").write_text("")
        assert train() is True
        (root / "models" / "embedding").mkdir()
        (root / "models" / "embedding" / "manifest.json").write_text("{}")
        assert train() is True
        assert log_lines(root, "bangban-log") == ["train linker"] * 3

    def test_it_is_trained_again_when_the_citys_own_sayings_changed(self, root, bangban, tmp_path_factory):
        def train():
            return plan.train_linker(root, root / ".venv", quiet)

        own = tmp_path_factory.mktemp("sayings")
        (root / "bangban.toml").write_text(f'lexicon = "{own}"\n')
        train()
        assert train() is False
        (own / "local.jsonl").write_text("{}")
        assert train() is True
        assert train() is False


class TestSampleGuides:
    def load(self, root):
        return plan.import_samples(root, root / ".venv", quiet)

    def test_guide_files_are_imported_once_for_each_state_of_them(self, root, bangban):
        assert self.load(root) is True
        assert self.load(root) is False
        (root / "knowledge" / "samples" / "guides" / "housing.json").write_text("[]\n")
        assert self.load(root) is True

        first, faq, documents, second, *_ = log_lines(root, "bangban-log")
        assert first == f"guides import {root}/knowledge/samples/guides/identity.json"
        assert faq == f"faq import {root}/knowledge/samples/faq.jsonl"
        assert documents == f"documents import {root}/knowledge/samples/documents.jsonl"
        assert second.endswith("guides/housing.json " + str(root / "knowledge/samples/guides/identity.json"))

    def test_another_data_folder_gets_them_too(self, root, bangban, monkeypatch):
        self.load(root)
        monkeypatch.setenv("BANGBAN_DATA", str(root / "elsewhere"))

        assert self.load(root) is True

    def test_an_incomplete_copy_of_the_project_is_said(self, root, bangban):
        (root / "knowledge" / "samples" / "guides" / "identity.json").unlink()

        with pytest.raises(SetupError, match="complete copy"):
            self.load(root)


class TestDataFolder:
    def test_the_environment_wins_over_the_file_and_the_file_over_the_default(self, tmp_path):
        assert plan.data_folder(tmp_path, {}) == tmp_path / "var"

        (tmp_path / "bangban.toml").write_text('data = "kept"\n')
        assert plan.data_folder(tmp_path, {}) == tmp_path / "kept"
        assert plan.data_folder(tmp_path, {"BANGBAN_DATA": "/srv/x"}).as_posix() == "/srv/x"

    def test_a_broken_file_is_named(self, tmp_path):
        (tmp_path / "bangban.toml").write_text("data =")

        with pytest.raises(SetupError, match=r"bangban\.toml"):
            plan.data_folder(tmp_path, {})


class TestProgress:
    def test_each_step_says_its_number_and_how_it_went(self):
        said = []

        def works(say):
            say("halfway")
            return True

        plan.run_all([plan.Step("First", works), plan.Step("Second", lambda say: False)], said.append)

        assert said == [
            "[1/2] First …",
            "      halfway",
            "[1/2] First: done in 0 s",
            "[2/2] Second: up to date",
        ]

    def test_a_failing_step_ends_the_set_up(self):
        reached = []

        def fails(say):
            raise SetupError("no")

        with pytest.raises(SetupError):
            plan.run_all([plan.Step("A", fails), plan.Step("B", lambda say: reached.append(1))], quiet)

        assert reached == []


def test_cleaning_removes_leftovers_and_keeps_environments_models_and_data(root):
    for name in ("build", ".ruff_cache", "core/__pycache__", "models/downloads"):
        (root / name).mkdir(parents=True)
    for name in (".venv/lib/__pycache__", "models/embedding", "var"):
        (root / name).mkdir(parents=True)

    plan.clean(root)

    left = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()}
    assert left >= {".venv/lib/__pycache__", "models/embedding", "var"}
    assert left.isdisjoint({"build", ".ruff_cache", "core/__pycache__", "models/downloads"})
