"""Names of districts in the addresses that WeChat gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.places import names_in


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("浙江省杭州市西湖区文三路90号", ("浙江省杭州市西湖区", "杭州市西湖区")),
        ("中国浙江省杭州市西湖区文三路", ("浙江省杭州市西湖区", "杭州市西湖区")),
        ("北京市朝阳区建国路", ("北京市朝阳区",)),
        ("上海市浦东新区世纪大道", ("上海市浦东新区",)),
        ("吉林省长春市榆树市华昌路", ("吉林省长春市榆树市", "长春市榆树市")),
        ("吉林省榆树市华昌路", ("吉林省榆树市", "榆树市")),
        ("长春市人民大街", ("长春市",)),
        (
            "长春市净月高新技术产业开发区生态大街",
            ("长春市净月高新技术产业开发区",),
        ),
        ("青岛市市南区香港中路", ("青岛市市南区",)),
        ("内蒙古自治区锡林郭勒盟多伦县", ("内蒙古自治区锡林郭勒盟多伦县", "锡林郭勒盟多伦县")),
        ("吉林省延边朝鲜族自治州延吉市", ("吉林省延边朝鲜族自治州延吉市", "延边朝鲜族自治州延吉市")),
        ("西湖区文三路超市", ("西湖区",)),
        ("中关村大厦(北京市海淀区中关村大街1号)", ("北京市海淀区",)),
        ("", ()),
        ("[位置]", ()),
        ("Baker Street 221B", ()),
    ],
)
def test_the_longest_name_is_looked_for_first(label, names):
    assert names_in(label) == names


def test_a_district_without_its_city_isnt_looked_for_where_the_city_is_named():
    assert "朝阳区" not in names_in("北京市朝阳区建国路")


@given(st.text(alphabet="省市区县旗长春朝阳 (),中国自治州开发新", max_size=200))
def test_any_text_gives_names_that_stand_in_it(label):
    for name in names_in(label):
        assert name in label
