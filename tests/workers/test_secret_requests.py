"""R54, R58: no letter of the desk asks for a secret, in three languages and however it is written."""

from __future__ import annotations

import time

import pytest

from workers.replies.lint import faults_of
from workers.replies.secret_requests import asks_for_secret

ASKS = (
    # one thing that is not needed excuses no other
    "Не нужно ждать, пришлите пароль.",
    "не нужно ждать пришлите пароль",
    "Пришлите пароль, ждать не нужно.",
    "Не присылайте фото, пришлите пароль.",
    "Не звоните, а сообщите пин-код.",
    "Никому не говорите, но пришлите пароль нам.",
    "Do not wait and send your password.",
    "Never mind the photo, send us your password.",
    "不用等了把密码发给我们",
    "请勿等待，请提供验证码",
    # other words for asking
    "Reply with the code from SMS.",
    "Respond with your one-time password",
    "Let us know the code you received.",
    "Forward the verification code we sent you.",
    "We need your API key.",
    "What is your password?",
    "Your password please",
    "Ваш пароль?",
    "Please share your login and password.",
    "Enter the confirmation code here.",
    "Нам нужен ваш пароль.",
    "Нужно прислать код из СМС.",
    "Просим сообщить код подтверждения.",
    "Ждём от вас код из СМС.",
    "Какой у вас пароль?",
    "Пароль пришлите, пожалуйста.",
    "Напишите код, который вам пришёл.",
    "Продиктуйте код из смс",
    "Ответьте кодом из SMS",
    "Приложите скан паспорта.",
    "Пришлите номер карты и CVV.",
    "Пришлите:\n– ID продавца;\n– пароль.",
    "把短信验证码发给我们",
    "请把密码发给我们",
    "请将您的验证码回复给我们",
    "把您收到的短信验证码通过邮件告诉我们",
    "验证码发给我们",
    "告诉我验证码",
    "请回复验证码",
    "您的密码是多少",
    "需要您的密码",
    "请补充登录密码",
    "请提供护照扫描件",
    "请发送您的银行卡号",
    # written so that a pattern does not see it
    "Пришлите\nпароль",
    "Пришлите\u00a0пароль",
    "Пришлите па\u200bроль",
    "Пришлите пар\u00adоль",
    "Пришлите пapоль",  # two Latin letters
    "Пришлитe пaроль",
    "Пришлите пар0ль",
    "Пришлите пароль\u0301",
    "Пришлите п а р о л ь",
    "Пришлите п.а.р.о.л.ь",
    "П р и ш л и т е пароль",
    "Sеnd your раssword",  # Cyrillic letters
    "ｓｅｎｄ your ｐａｓｓｗｏｒｄ",
    "s\u200de\u200dnd your p@ssw0rd",
    "Send your pass\u00adword",
    "Send your pásswörd",
    "Send your pass\nword",
    "请 提 供 验 证 码",
    "请提供验\u200b证码",
    "请提供\n密码",
    "请提供密-码",
    "Пришлите пароль в личном кабинете.",
    "Введите пароль в ответе на это письмо.",
    "Enter your password in the reply.",
    "请输入验证码并回复",
)
ORDINARY = (
    "Напишите нам, если пароль не подошёл.",
    "Никому не сообщайте пароль. Do not share your password.",
    "Пароли и коды подтверждения присылать не нужно.",
    "Ключ API присылать не нужно.",
    "Укажите номер заказа, пароль присылать не нужно.",
    "Укажите номер заказа\nПароль никому не сообщайте",
    "Пришлите номер заказа, а токен перевыпустите.",
    "Укажите номер заказа и смените пароль.",
    "Никому не сообщайте пароль и пришлите номер заказа.",
    "Поддержка никогда не спрашивает пароли.",
    "Мы никогда не просим прислать пароль.",
    "Пришлите, пожалуйста, снимок экрана без пароля.",
    "Пришлите паспорт качества на партию.",
    "Уточните, пожалуйста, ID продавца или ИНН.",
    "Сообщите, при вводе кода подтверждения какая появляется ошибка.",
    "Удалите этот ключ и выпустите новый API-ключ в настройках.",
    "Укажите код ошибки, метод и время. Промокод указывать не нужно.",
    "Пришлите номер карточки товара и трек-код.",
    "We will never ask you to send your password.",
    "Please do not send your password or confirmation codes.",
    "Do not send passwords or confirmation codes.",
    "Tell us if the password does not work.",
    "Please send the error text without your API key.",
    "Please send the tracking code and the error code.",
    "Create a new API key in the settings and delete the old one.",
    "请勿发送密码或验证码。",
    "请提供卖家ID，请勿发送密码或验证码。",
    "我们绝不会要求您提供密码。",
    "不要把密码发给任何人。",
    "请说明接口和错误信息。请勿发送API密钥。",
    "我们将为您重置密码。",
    "如果收不到验证码，请告诉我们。",
    "请提供订单号（不含密码）。",
    # to enter it where it belongs, and about the secret
    "Введите новый пароль на странице входа seller.ozon.ru.",
    "Введите код подтверждения в личном кабинете.",
    "Please enter the confirmation code in the cabinet, not in this e-mail.",
    "请在后台输入验证码。",
    "Пришлите, пожалуйста, снимок экрана, на котором запрашивается код подтверждения.",
    "Сообщите, на какой номер приходит код из СМС.",
    "Передайте коллегам, что пароль сменён.",
)


@pytest.mark.parametrize("text", ASKS)
def test_r54_a_request_for_a_secret_is_seen(text: str) -> None:
    assert any("R54" in fault for fault in faults_of(text))


@pytest.mark.parametrize("text", ORDINARY)
def test_r54_a_warning_or_another_question_is_none(text: str) -> None:
    assert not any("R54" in fault for fault in faults_of(text))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Гарантиpуем возврат", "R60"),  # a Latin p
        ("Г а р а н т и р у е м", "R60"),
        ("Обя\u200bзательно\nвернём", "R60"),
        ("We guar\u00adantee it", "R60"),
        ("保 证 退款", "R60"),
        ("Наш номер 8 800 555\u200b 35 35", "R14"),
        ("П\u043eзв\u043eните нам", "R14"),
        ("Позв0ните нам", "R14"),
        ("Пишите: t\u200b.me/ozon", "R16"),
    ],
)
def test_a_disguise_hides_no_other_fault(text: str, rule: str) -> None:
    assert any(rule in fault for fault in faults_of(text))


@pytest.mark.parametrize(
    "piece", ["пришлите ", "п а ", "请提供", "send your ", "не нужно ", "把", "код из ", "a" * 50 + " "]
)
def test_a_long_text_takes_linear_time(piece: str) -> None:
    begun = time.process_time()
    asks_for_secret(piece * (20_000 // len(piece)))
    assert time.process_time() - begun < 1.0
