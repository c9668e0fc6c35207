"""Official accounts in the settings: where values come from, what is refused, what stays hidden."""

import re
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from core.wechat_settings import WeChatAccountSettings, WeChatSubscription

SECRET = "s3cretOfTheHall"
KEY = "K3y" + "a" * 40
HALL = {"app_id": "wx0123456789abcdef", "app_secret": SECRET, "token": "T0kenOfTheHall", "aes_key": KEY}
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def load(**changes):
    return Settings.load(
        {"public_url": "https://bangban.example.gov.cn", "wechat": {"hall": {**HALL, **changes}}}
    )


def refusal_of(**changes):
    with pytest.raises(ConfigurationError) as refused:
        load(**changes)
    return str(refused.value)


class TestValues:
    """File and environment together make an account."""

    def test_four_values_make_an_account_in_safe_mode(self):
        hall = load().wechat["hall"]

        assert hall.mode == "safe"
        assert hall.app_secret.get_secret_value() == SECRET
        assert hall.api_url == "https://api.weixin.qq.com"
        assert (hall.messages_after_message, hall.hours_after_message) == (5, 48)
        assert (hall.messages_after_event, hall.seconds_after_event) == (3, 60)

    def test_plain_mode_needs_no_key(self):
        assert load(mode="plain", aes_key="").wechat["hall"].mode == "plain"

    def test_secrets_of_the_environment_join_the_table_of_the_file(self, monkeypatch):
        Path("bangban.toml").write_text(
            'public_url = "https://bangban.example.gov.cn"\n'
            '[wechat.hall]\napp_id = "wx01"\nmenu = "menu.toml"\n'
            '[wechat.hall.subscription]\ntemplate_id = "T1"\nfields = {thing1 = "有新的答复"}\n'
            '[wechat.tax]\napp_id = "wx02"\nmode = "plain"\ntoken = "tokenOfTax"\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("BANGBAN_WECHAT__HALL__APP_SECRET", "12345678")
        monkeypatch.setenv("BANGBAN_WECHAT__HALL__TOKEN", "tokenOfHall")
        monkeypatch.setenv("BANGBAN_WECHAT__HALL__AES_KEY", KEY)
        monkeypatch.setenv("BANGBAN_WECHAT__TAX__APP_SECRET", "secretOfTax")

        accounts = Settings.load().wechat

        assert accounts["hall"].app_id == "wx01"
        assert accounts["hall"].app_secret.get_secret_value() == "12345678"
        assert accounts["hall"].menu == Path("menu.toml")
        assert accounts["hall"].subscription == WeChatSubscription(
            template_id="T1", fields={"thing1": "有新的答复"}
        )
        assert accounts["tax"].app_secret.get_secret_value() == "secretOfTax"

    def test_the_environment_wins_over_the_file(self, monkeypatch):
        Path("bangban.toml").write_text(
            'public_url = "https://a.example"\n[wechat.hall]\napp_id = "wx01"\napp_secret = "old"\n'
            'token = "tokenOfHall"\nmode = "plain"\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("BANGBAN_WECHAT__HALL__APP_SECRET", "new")

        assert Settings.load().wechat["hall"].app_secret.get_secret_value() == "new"

    def test_an_address_loses_the_slash_at_its_end(self):
        assert load(api_url="http://127.0.0.1:8099/").wechat["hall"].api_url == "http://127.0.0.1:8099"

    def test_nothing_secret_shows_in_a_repr(self):
        shown = repr(load(old_aes_key="0ld" + "b" * 40))

        for secret in (SECRET, HALL["token"], KEY, "0ld"):
            assert secret not in shown


class TestRefusals:
    """What is wrong is named with its place, in Chinese, without the value."""

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"app_id": "gh_0123"}, "wechat.hall.app_id：应为微信的 AppID，以 wx 开头"),
            ({"app_id": 7}, "wechat.hall.app_id：要写文字"),
            ({"app_secret": ""}, "wechat.hall.app_secret：至少要 1 个字符"),
            ({"token": "ab"}, "wechat.hall.token：至少要 3 个字符"),
            ({"token": "t" * 33}, "wechat.hall.token：不能超过 32 个字符"),
            ({"aes_key": KEY[:-1]}, "wechat.hall.aes_key：应为微信的 EncodingAESKey，43 位字母和数字"),
            ({"old_aes_key": KEY + "="}, "wechat.hall.old_aes_key：应为微信的 EncodingAESKey"),
            ({"aes_key": ""}, "wechat.hall：compatible 和 safe 模式要写 aes_key"),
            ({"mode": "secret"}, "wechat.hall.mode：只能是 'plain'、'compatible' 或 'safe'"),
            ({"original_id": "wx0123"}, "wechat.hall.original_id：应为微信的原始 ID，以 gh_ 开头"),
            ({"stable_token": "perhaps"}, "wechat.hall.stable_token：要写 true 或 false"),
            ({"stable_token": []}, "wechat.hall.stable_token：要写 true 或 false"),
            ({"api_url": "api.weixin.qq.com"}, "wechat.hall.api_url：要写成 https://… 这样的地址"),
            ({"authorize_url": "javascript:1"}, "wechat.hall.authorize_url：要写成 https://… 这样的地址"),
            ({"menu": 7}, "wechat.hall.menu：要写文件的路径"),
            ({"subscription": "T1"}, "wechat.hall.subscription：要写成表，一项一行"),
            ({"subscription": {"fields": {"thing1": "b"}}}, "wechat.hall.subscription.template_id：没有写"),
            (
                {"subscription": {"template_id": "T", "fields": {}}},
                "wechat.hall.subscription.fields：至少要 1 项",
            ),
            (
                {"subscription": {"template_id": "T", "fields": {"thing1": 1}}},
                "wechat.hall.subscription.fields.thing1：要写文字",
            ),
            (
                {"subscription": {"template_id": "T", "fields": {"first": "有新的答复"}}},
                "wechat.hall.subscription.fields：“first”不像模板的字段名，应如 thing1、time2",
            ),
            (
                {"subscription": {"template_id": "T", "fields": {"thing1": " "}}},
                "wechat.hall.subscription.fields：thing1 不能为空",
            ),
            (
                {"subscription": {"template_id": "T", "fields": {"thing1": "{name}，有{count}条"}}},
                "wechat.hall.subscription.fields：thing1 里有不认识的 {name}，只能用 {count}、{city}、{time}",
            ),
            ({"most_text_bytes": 599}, "wechat.hall.most_text_bytes：不能小于 600"),
            ({"most_text_bytes": []}, "wechat.hall.most_text_bytes：要写整数"),
            ({"messages_after_message": 101}, "wechat.hall.messages_after_message：不能大于 100"),
            ({"hours_after_message": 0}, "wechat.hall.hours_after_message：要大于 0"),
            ({"messages_after_event": -1}, "wechat.hall.messages_after_event：不能小于 0"),
            ({"seconds_after_event": "soon"}, "wechat.hall.seconds_after_event：要写数字"),
            ({"answer_within_s": 5}, "wechat.hall.answer_within_s：要小于 5"),
            ({"clock_window_s": []}, "wechat.hall.clock_window_s：要写数字"),
            ({"appsecret": "x"}, "wechat.hall.appsecret：没有这项设置"),
        ],
    )
    def test_a_wrong_value_is_named(self, changes, said):
        assert said in refusal_of(**changes)

    @pytest.mark.parametrize("missing", ["app_id", "app_secret", "token"])
    def test_a_missing_value_is_named(self, missing):
        with pytest.raises(ConfigurationError, match=rf"wechat\.hall\.{missing}：没有写"):
            Settings.load(
                {
                    "public_url": "https://a.example",
                    "wechat": {"hall": {name: value for name, value in HALL.items() if name != missing}},
                }
            )

    @pytest.mark.parametrize("name", ["Hall", "1hall", "hall-2", "大厅", "h" * 33, ""])
    def test_a_name_that_no_address_can_hold_is_refused(self, name):
        with pytest.raises(ConfigurationError, match="要用小写字母和数字"):
            Settings.load({"public_url": "https://a.example", "wechat": {name: HALL}})

    @pytest.mark.parametrize("wechat", ["hall", {"hall": "wx01"}])
    def test_what_is_no_table_is_refused(self, wechat):
        with pytest.raises(ConfigurationError, match=r"wechat.*要写成表，一项一行"):
            Settings.load({"public_url": "https://a.example", "wechat": wechat})

    def test_accounts_need_the_address_that_citizens_use(self):
        with pytest.raises(ConfigurationError, match="设了 wechat，就要设 public_url"):
            Settings.load({"wechat": {"hall": HALL}})

    def test_a_variable_that_is_no_json_is_refused_without_its_value(self, monkeypatch):
        monkeypatch.setenv("BANGBAN_WECHAT", SECRET)

        with pytest.raises(ConfigurationError, match="BANGBAN_WECHAT 不是 JSON") as refused:
            Settings.load()
        assert SECRET not in str(refused.value)

    @pytest.mark.parametrize("field", WeChatAccountSettings.model_fields)
    def test_no_refusal_holds_the_value(self, field):
        assert SECRET not in refusal_of(**{field: [{SECRET: SECRET}]})


class TestReference:
    """docs/reference/settings.md has what the model says."""

    @pytest.mark.parametrize("field", WeChatAccountSettings.model_fields)
    def test_every_field_has_its_row(self, field):
        assert row_of(field) in REFERENCE.read_text("utf-8").splitlines()

    def test_no_row_names_a_field_that_is_gone(self):
        section = REFERENCE.read_text("utf-8").partition("## Official accounts")[2]

        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [*WeChatAccountSettings.model_fields]


def row_of(name):
    field = WeChatAccountSettings.model_fields[name]
    if field.is_required():
        default = "must be set"
    else:
        shown = str(getattr(field.default, "get_secret_value", lambda: field.default)())
        default = f"`{shown}`" if shown not in ("", "None") else "–"
    return f"| `{name}` | {default} | {field.description} |"
