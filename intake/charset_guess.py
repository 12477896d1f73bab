"""Which charset wrote these octets: a choice among the few that sellers' mail clients use.

Octets go in, the most likely codec comes out, or "" when nothing fits. The candidates are
limited to Russian (windows-1251, koi8-r, cp866, seldom iso-8859-5 and mac-cyrillic), Chinese
(gb18030, big5) and western (windows-1252) text; UTF-8 is settled before. Each candidate
reading is rated by how much it looks like a language: letter frequency and the place of
capitals for Cyrillic (koi8-r read as windows-1251 turns the case of every letter), the share
of everyday characters for Chinese, lone accented letters among ASCII ones for western text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SAMPLE_BYTES: Final = 6000
_CYRILLIC: Final = ("cp1251", "koi8_r", "cp866")
_SELDOM: Final = ("iso8859-5", "mac_cyrillic")  # of old machines: in doubt the text is none of these
_SELDOM_BEATS_BY: Final = 0.02
_CHINESE: Final = ("gb18030", "big5")
# Letters of running Russian text by frequency class (over 5, over 2, over 0.9 per cent of all, under).
_LETTER_SCORE: Final[dict[str, float]] = {
    **dict.fromkeys("оеаинтср", 1.0),
    **dict.fromkeys("влкмдпу", 0.8),
    **dict.fromkeys("яыьгзбчйхжш", 0.3),
    **dict.fromkeys("юцщэфъё", -0.3),
    **dict.fromkeys("іїєґў", -0.6),
}
# The pairs that make up about half of all letter pairs in Russian text.
_COMMON_PAIRS: Final = frozenset(
    pair
    for line in (
        "ст но то на ен ов ни ра во ко ро ал ре не пр ер по от ос ли ор та го ол ет ан те ва ат ом ло",
        "ел ем де ле ль ть ри да ка ес ти од ве об ны ог ки ма за мо вы до ся ви ме ак ил ам ит ин ас мы",
        "ую жа ше щё ще же чт чи ча чк ты ый ой ей ая ое ые их им ми ну ду ку бу бы бо ля зд дб ву",
    )
    for pair in line.split()
)
_LONE_WORDS: Final = frozenset("вскиаоуяВСКИАОУЯ")
_PUNCTUATION: Final = frozenset("«»—–…№“”„‘’\u00a0•₽°§©®™‹›·")
_WORD: Final = re.compile(r"[A-Za-z0-9\u0400-\u04ff]+")
_CYRILLIC_LETTER: Final = re.compile(r"[\u0400-\u04ff]")
_HIGH_CHARACTER: Final = re.compile(r"[^\x00-\x7f]")
# Characters that fill most of any Chinese business letter (frequency lists plus mail and marketplace words).
_EVERYDAY_HAN: Final = frozenset(
    "的一是不了在有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好"
    "都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把"
    "法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教"
    "西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安"
    "表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直"
    "服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留"
    "红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持"
    "取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落"
    "视济喜离虽坏简谢客户订货退款付费店铺账号邮箱附编码审核罚申诉查询您贵郑敬祝顺此致复赔偿库存仓发票税箱卖买家图"
    "後來個國們為這時會過說對開發現電話問題請謝訂單貨運費帳號復經業間關門"
)
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_WESTERN_WORD: Final = re.compile(rb"[A-Za-z\x80-\xff]+")


def guess_charset(data: bytes) -> str:
    """Codec name of the most likely charset of `data`, "" when none of the candidates looks like text."""
    best, best_score = "", 0.0
    for codec in (*_CYRILLIC, *_CHINESE, "cp1252", *_SELDOM):
        score = likeness(data, codec) - (_SELDOM_BEATS_BY if codec in _SELDOM else 0.0)
        if codec in _SELDOM and score > best_score and not _has_letters(data, codec):
            continue  # a lone sign among ASCII proves nothing
        if score > best_score + 0.01:
            best, best_score = codec, score
    return best


def _has_letters(data: bytes, codec: str) -> bool:
    return len(_CYRILLIC_LETTER.findall(_sample(data).decode(codec, "replace"))) >= 3


def likeness(data: bytes, codec: str) -> float:
    """How much `data` read as `codec` looks like a language: -1 (noise) to 1; 0 without evidence."""
    return _likeness(_sample(data), codec)


@lru_cache(maxsize=64)
def _likeness(sample: bytes, codec: str) -> float:
    if codec in {"gb18030", "big5", "big5hkscs"}:
        return _like_chinese(sample, codec)
    if codec in {"cp1252", "latin-1", "iso8859-15", "iso8859-2", "cp1254"}:
        return _like_western(sample)
    return _like_cyrillic(sample.decode(codec, "replace"))


def _sample(data: bytes) -> bytes:
    """Cut out the part of the octets that can tell: from the first high octet on."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    first = next((at for at, byte in enumerate(data) if byte > 127), 0)
    first = data.rfind(b"\n", 0, first) + 1 if first else 0
    return data[first : first + _SAMPLE_BYTES]


def _like_cyrillic(text: str) -> float:
    """Mean over the high characters: frequent letters and pairs, capitals where words begin, no symbols."""
    high = _HIGH_CHARACTER.findall(text)
    if not high:
        return 0.0
    total, letters = 0.0, 0
    for word in _cyrillic_words(text):
        own = sum(char >= "\x80" for char in word)
        letters += own
        total += own * _word_score(word, own)
    for char in high:
        if not "\u0400" <= char <= "\u04ff":
            total += 0.2 if char in _PUNCTUATION else -1.5
    return max(-1.0, min(1.0, total / len(high)))


def _cyrillic_words(text: str) -> list[str]:
    """Words with at least one Cyrillic letter; two steps, so that endless ASCII costs no square."""
    return [word for word in _WORD.findall(text) if _CYRILLIC_LETTER.search(word)]


@lru_cache(maxsize=4096)
def _word_score(word: str, own: int) -> float:
    """How Russian one word looks, about 0.7 for most words and negative for mojibake."""
    if own == 1:
        return 0.5 if word in _LONE_WORDS else -0.5
    if own < len(word):
        return -0.4
    lower = word.lower()
    score = 0.6 * sum(_LETTER_SCORE.get(char, -1.0) for char in lower) / own
    score += 0.6 * sum(lower[at : at + 2] in _COMMON_PAIRS for at in range(own - 1)) / (own - 1)
    if word[1:] != lower[1:] and not word.isupper():
        return score - 1.2  # a capital inside: the mark of koi8-r read as windows-1251 and the reverse
    return score - 0.3 if word.isupper() else score


def _like_chinese(sample: bytes, codec: str) -> float:
    """Share of everyday characters among the Chinese ones; a reading that breaks is no reading."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError as error:
        # The sample may end inside a character; anything earlier counts against the codec.
        text = sample.decode(codec, "replace")
        if error.start < len(sample) - 3 and text.count("\ufffd") > 0.02 * len(text):
            return -1.0
    han = _HAN.findall(text)
    russian = [word for word in _cyrillic_words(text) if len(word) > 1]  # GB 18030 has Cyrillic, too
    others = sum(1 for char in text if char >= "\x80" and not _is_cjk(char)) - sum(map(len, russian))
    if not han and not russian:
        return -min(1.0, others / 10)
    everyday = everyday_share(text)
    # Running Chinese text has 0.5 to 0.8 of its characters in the list, mojibake under 0.2.
    chinese = min(1.0, 2.2 * everyday - 0.35)
    if han and codec == "gb18030" and everyday < 0.3 and _only_first_level(han):
        chinese = max(chinese, 0.3)  # a short subject of one plain word
    total = len(han) * chinese + sum(len(word) * _word_score(word, len(word)) for word in russian)
    total -= 1.5 * max(0, others)
    return max(-1.0, total / (len(han) + sum(map(len, russian)) + max(0, others)))


def _only_first_level(han: list[str]) -> bool:
    """Tell whether each character is among the 3,755 common ones of GB 2312 (rows 16 to 55)."""
    return len(han) < 8 and all(0xB0 <= char.encode("gb18030")[0] <= 0xD7 for char in han)


def everyday_share(text: str) -> float:
    """Share of everyday characters among the Chinese ones; 0 without any."""
    han = _HAN.findall(text)
    return sum(char in _EVERYDAY_HAN for char in han) / len(han) if han else 0.0


def _is_cjk(char: str) -> bool:
    return (
        "\u2000" <= char <= "\u30ff"
        or "\u4e00" <= char <= "\u9fff"
        or "\uff00" <= char <= "\uffef"
        or char in "·×÷°"
    )


def _like_western(sample: bytes) -> float:
    """Western words mix ASCII letters with single accented ones; other scripts have runs of high octets."""
    total, words = 0.0, 0
    for word in _WESTERN_WORD.findall(sample[:_SAMPLE_BYTES]):
        if word.isascii():
            continue
        words += 1
        high = sum(byte > 127 for byte in word)
        ascii_letters = len(word) - high
        if all(byte in _CP1252_MARKS for byte in word if byte > 127):
            total += 0.6
        elif ascii_letters >= 2 * high:
            total += 0.9
        elif high > 2 and high > ascii_letters:
            total -= 1.0
    return total / words if words else 0.0


# Typographic marks that stand in otherwise ASCII text: quotes, dashes, euro, bullet, NBSP, degree ...
_CP1252_MARKS: Final = frozenset(
    b"\x80\x85\x91\x92\x93\x94\x95\x96\x97\x99\xa0\xa2\xa3\xa5\xa7\xa9\xab\xae\xb0\xb1\xb2\xb3\xb5\xb7\xbb"
    b"\xbc\xbd\xbe\xd7"
)
