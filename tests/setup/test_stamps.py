"""A stamp says from which inputs a step was done."""

from tools.steps import stamps


def test_a_step_is_done_only_for_the_inputs_it_was_done_from(tmp_path):
    (tmp_path / "in.txt").write_text("one")
    first = stamps.digest_of([tmp_path / "in.txt"], root=tmp_path)
    stamp = tmp_path / "step.stamp"
    assert not stamps.is_done(stamp, first)

    stamps.mark_done(stamp, first)
    (tmp_path / "in.txt").write_text("two")

    assert stamps.is_done(stamp, first)
    assert not stamps.is_done(stamp, stamps.digest_of([tmp_path / "in.txt"], root=tmp_path))


def test_a_step_that_begins_again_is_not_done(tmp_path):
    stamps.mark_done(tmp_path / "s", "x")

    stamps.mark_begun(tmp_path / "s")

    assert not stamps.is_done(tmp_path / "s", "x")


def test_a_digest_sees_names_contents_and_what_else_matters(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("1")
    digests = [stamps.digest_of([folder], root=tmp_path)]
    (folder / "a").rename(folder / "b")
    digests.append(stamps.digest_of([folder], root=tmp_path))
    (folder / "b").write_text("2")
    digests.append(stamps.digest_of([folder], root=tmp_path))
    digests.append(stamps.digest_of([folder], root=tmp_path, also="pip 1"))

    assert len(set(digests)) == 4


def test_a_digest_does_not_see_compiled_files_or_missing_ones(tmp_path):
    (tmp_path / "a.py").write_text("1")
    before = stamps.digest_of([tmp_path, tmp_path / "absent"], root=tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"x")

    assert stamps.digest_of([tmp_path, tmp_path / "absent"], root=tmp_path) == before
