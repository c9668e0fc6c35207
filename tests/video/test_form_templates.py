"""Form templates: ours are sound, a city's may join them, and a mistake names its file and field."""

import pytest

from core.errors import ConfigurationError
from server.form_catalogue import read_catalogue
from tests.architecture.source_tree import ROOT
from video.form_templates import FieldType, FormTemplate, parse_template

HEAD = 'title = "表"\nversion = 1\n'
FIELD = '[[fields]]\nname = "a"\nlabel = "甲"\n'


def parsed(text: str) -> FormTemplate:
    return parse_template("表.toml", "form", text)


def test_our_own_templates_are_read_and_come_back_from_what_is_stored():
    catalogue = read_catalogue()

    assert list(catalogue) == ["appointment", "personal-details", "power-of-attorney", "statement"]
    for template in catalogue.values():
        assert FormTemplate.from_json(template.as_json()) == template


def test_a_field_has_what_the_file_says():
    template = parsed(HEAD + FIELD + 'type = "choice"\nrequired = true\nhint = "选"\nchoices = ["是", "否"]')
    [field] = template.fields

    assert (template.title, template.version, field.type) == ("表", 1, FieldType.CHOICE)
    assert (field.required, field.hint, field.choices) == (True, "选", ("是", "否"))
    assert template.field("a") == field
    assert template.field("b") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title = ", "表.toml：不是有效的 TOML"),
        (HEAD, "表.toml：fields 要有 1 到 40 个栏目"),
        (HEAD + 'colour = "red"\n' + FIELD + 'type = "text"', "表.toml：不认识 colour"),
        ("version = 1\n" + FIELD + 'type = "text"', "表.toml：缺少 title"),
        ('title = "表"\nversion = "1"\n' + FIELD + 'type = "text"', "表.toml：version 要是"),
        (HEAD + '[[fields]]\nname = "A b"', "表.toml，第 1 个栏目 A b：name 要用"),
        (HEAD + FIELD, "表.toml，第 1 个栏目 a：type 要是 text、lines"),
        (HEAD + FIELD + 'type = "tel"', "表.toml，第 1 个栏目 a：type 要是"),
        (HEAD + FIELD + 'type = "text"\n' + FIELD + 'type = "text"', "表.toml，栏目 a：name 用了两次"),
        (HEAD + FIELD + 'type = "choice"', "表.toml，第 1 个栏目 a：choices 要有 2 到 30"),
        (HEAD + FIELD + 'type = "choice"\nchoices = ["是", "是"]', "choices 要有 2 到 30 个不同的"),
        (HEAD + FIELD + 'type = "text"\nchoices = ["是", "否"]', "choices 只用于 choice"),
        (HEAD + FIELD + 'type = "date"\nmost = 3', "most 只用于 text 和 lines"),
        (HEAD + FIELD + 'type = "lines"\nmost = 5000', "most 要是 1 到 1000 的整数"),
        (HEAD + FIELD + 'type = "text"\nrequired = "yes"', "required 要是 true 或 false"),
        (HEAD + FIELD + 'type = "text"\nprefill = "name"', "prefill 要是 item、district 之一"),
        (HEAD + "fields = [1]", "第 1 个栏目要写成 [[fields]]"),
    ],
)
def test_a_mistake_is_told_with_file_and_field(text, told):
    with pytest.raises(ConfigurationError, match="表") as caught:
        parsed(text)

    assert told in str(caught.value)


def test_a_city_adds_templates_and_replaces_ours(tmp_path):
    (tmp_path / "statement.toml").write_text(HEAD + FIELD + 'type = "text"', "utf-8")
    (tmp_path / "house-tax.toml").write_text(HEAD + FIELD + 'type = "date"', "utf-8")
    (tmp_path / "readme.txt").write_text("no template", "utf-8")

    catalogue = read_catalogue(str(tmp_path))

    assert catalogue["statement"].title == "表"
    assert catalogue["house-tax"].fields[0].type is FieldType.DATE
    assert "appointment" in catalogue


def test_a_folder_or_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere"):
        read_catalogue(str(tmp_path / "nowhere"))
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"bad\.toml"):
        read_catalogue(str(tmp_path))
    (tmp_path / "bad.toml").rename(tmp_path / "Bad Name.toml")
    (tmp_path / "Bad Name.toml").write_text(HEAD, "utf-8")
    with pytest.raises(ConfigurationError, match="文件名"):
        read_catalogue(str(tmp_path))


def test_the_example_of_the_how_to_is_a_template():
    text = (ROOT / "docs" / "howto" / "forms.md").read_text("utf-8")
    example = text.split("```toml\n")[1].split("```")[0]

    assert parsed(example).fields
