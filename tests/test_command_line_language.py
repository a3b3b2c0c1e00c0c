"""The command line in Chinese: nothing is left out, nothing is left over, columns fit, and JSON stays as it is."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import tiny

import ppgan_lite
from ppgan_lite import cli, errors
from ppgan_lite.cli import VERBS, commands, main
from ppgan_lite.cli.predictors import print_predictor
from ppgan_lite.cli.terminal import say_above_bar, say_error
from ppgan_lite.errors import ConfigError, ImageError, UsageError
from ppgan_lite.images import SAMPLE_PHOTO, read_settings
from ppgan_lite.languages import terminal_zh
from ppgan_lite.languages.terminal import (
    error_in_words,
    help_in_words,
    in_words,
    normalized,
    speaking,
    system_language,
)
from ppgan_lite.languages.texts import LANGUAGE_NAMES
from ppgan_lite.languages.width import padded, width, wrapped
from ppgan_lite.styles import catalogue, shipped, shipped_name, year_in

PACKAGE = Path(ppgan_lite.__file__).parent
MESSAGES = terminal_zh.MESSAGES


@pytest.fixture
def run_cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command line and gives exit code, stdout and stderr."""

    def run_cli(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        return main([str(argument) for argument in arguments]), *capsys.readouterr()

    return run_cli


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


# The tables


def templates(node: ast.AST) -> Iterator[str]:
    """Yield the texts that an expression may be, {} for each value in them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (text for choice in (node.body, node.orelse) for text in templates(choice))
    elif isinstance(node, ast.BinOp):
        left, right = (next(templates(side), "{}") for side in (node.left, node.right))
        yield left + right
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in templates(value))


def said() -> Iterator[tuple[str, str]]:
    """Yield (place, text) of what the command line says, and of the parts of its own errors."""
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type)}
    others = [PACKAGE / "inference" / f"{name}.py" for name in ("batch", "batch_planning", "masking", "shares")]
    folders = [
        path for name in ("cli", "learning", "video", "workers") for path in sorted((PACKAGE / name).glob("*.py"))
    ]
    for path in [*folders, *others]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name == "say":
                texts = node.args[:1]
            elif name in kinds:
                parts = ("found", "expected", "remedy")
                texts = [*node.args[1:4], *(keyword.value for keyword in node.keywords if keyword.arg in parts)]
            else:
                continue
            for text in (found for value in texts for found in templates(value)):
                if len(re.findall("[A-Za-z]", text)) > 4:  # shorter ones would be found in other texts
                    yield f"{path.name}:{node.lineno}", text


def helps() -> Iterator[tuple[str, str]]:
    """Yield (verb, text) of every help text."""
    context = click.Context(commands)
    for verb, command in {
        "paddlegan": commands,
        **{verb: commands.get_command(context, verb) for verb in VERBS},
    }.items():
        for text in (command.help, *(getattr(parameter, "help", None) for parameter in command.params)):
            if text:
                yield verb, normalized(text)


def source_texts() -> set[str]:
    """Return every text in the source, {} for each value in it, and the pieces that they are joined of."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if "languages" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found.update(templates(node))
    return found


def test_every_help_text_is_there_in_chinese() -> None:
    assert sorted({f"{verb}: {text}" for verb, text in helps() if text not in terminal_zh.HELP}) == []


def test_no_chinese_help_text_is_left_over() -> None:
    assert sorted(terminal_zh.HELP.keys() - {text for _, text in helps()}) == []


def test_everything_that_is_said_is_there_in_chinese() -> None:
    with speaking("zh"):
        untold = (f"{place}: {text}" for place, text in said() if in_words(text) == text and text not in MESSAGES)
        assert list(untold) == []


def test_no_chinese_message_is_left_over() -> None:
    """Each key is a text of the source, or what remains of one once a value is another text."""
    texts = source_texts()
    patterns = [re.compile(re.escape(text).replace(r"\{\}", "(.*)"), re.DOTALL) for text in texts if "{}" in text]
    missing = [
        key
        for key in MESSAGES
        if key not in texts and not any(pattern.fullmatch(key) for pattern in patterns if len(pattern.pattern) > 12)
    ]
    assert missing == []


@pytest.mark.parametrize("table", ["MESSAGES", "CLICK", "ERRORS"])
def test_a_translation_has_the_places_of_its_original(table: str) -> None:
    place = re.compile(r"\{\w*(?:![rs])?\}|%[\d.]*[sdf]")
    for english, chinese in getattr(terminal_zh, table).items():
        if table != "ERRORS":
            assert sorted(place.findall(english)) == sorted(place.findall(chinese)), english
        is_specific = len(re.findall("[A-Za-z]", english)) > 2 or english.startswith("  ")
        is_specific |= english in terminal_zh.JOINED
        assert is_specific, f"{english!r} would be found in other texts"
        assert (
            is_chinese(chinese) or english == chinese or not re.search("[A-Za-z]{4}", re.sub("sha256", "", english))
        ), english


def test_every_language_of_the_window_is_spoken() -> None:
    for language in LANGUAGE_NAMES:
        with speaking(language):
            assert (help_in_words("Open the window.") != "Open the window.") == (language != "en")


# Help


@pytest.mark.parametrize("verb", [None, *VERBS])
def test_help_is_chinese_and_fits_into_80_columns(verb: str | None, run_cli, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run_cli(*([verb] if verb else []), "--lang", "zh", "--help")
    assert code == 0 and out.startswith("用法：")
    assert [line for line in out.splitlines() if width(line) > 80 and "|" not in line] == []
    for text in re.findall(r"^ {2}--?\S+.*?  +(.+)$", out, re.MULTILINE):
        assert is_chinese(text), text


def test_the_system_says_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(**variables: str) -> str:
        for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.setenv(name, variables.get(name, ""))
        return system_language()

    assert chosen(LANG="zh_CN.UTF-8") == chosen(LC_ALL="zh_TW", LANG="en_US.UTF-8") == "zh"
    assert chosen(LANG="de_DE.UTF-8", LANGUAGE="de:zh:en") == chosen(LANG="zh-Hans") == "zh"
    assert chosen() == chosen(LANG="de_DE.UTF-8") == chosen(LC_ALL="C", LANG="zh_CN", LANGUAGE="zh") == "en"
    assert chosen(LC_ALL="en_US.UTF-8", LANG="zh_CN.UTF-8") == chosen(LANG="C.UTF-8") == "en"


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "用法："), ("gbk", "用法："), ("ascii", "Usage:")])
def test_a_terminal_that_cannot_show_chinese_gets_english(encoding: str, expected: str) -> None:
    command = [sys.executable, "-m", "ppgan_lite", "styles", "--help"]
    environment = {"LANG": "zh_CN.UTF-8", "LC_ALL": "", "PYTHONIOENCODING": encoding, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, capture_output=True, env={**cli.os.environ, **environment}, check=False)
    assert done.returncode == 0 and done.stdout.decode(encoding).startswith(expected)


def test_the_language_is_that_of_one_call(run_cli) -> None:
    assert run_cli("--lang", "zh", "styles")[2].startswith("名称")
    assert run_cli("styles", "--lang=zh")[2].startswith("名称")
    assert run_cli("styles")[2].startswith("NAME")
    code, _, err = run_cli("styles", "--lang", "fr")
    assert code == 2 and "'fr' is not one of" in err


# Messages


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["trian"], "paddlegan: 错误：没有 'trian' 这个命令。是否指 'train'？（见 `paddlegan --help`）"),
        (["styles", "--bogus"], "paddlegan: 错误：没有 '--bogus' 这个选项。（见 `paddlegan styles --help`）"),
        (["stylize", "a.jpg", "--style", "any", "--strength", "2"], "'--strength' 的值无效：2.0 不在范围 0<=x<=1 内。"),
        (["stylize", "no.jpg", "--style", "starry_night"], "paddlegan: 错误：no.jpg：文件不存在"),
        (
            ["stylize", "a.jpg", "--style", "星夜"],
            "paddlegan: 错误：style：没有内置“星夜”，也没有这个文件；应为：the_city_rises, ",
        ),
        (["stylize", "a.jpg", "--style", "星夜"], "之一。是否指 '星月夜'？"),
        (["train", "-c", "x.yaml"], "paddlegan: 错误：x.yaml：没有这个文件；应为：YAML 文件"),
        (["train", "-c", "tiny/style_draft", "-o", "train.epoch=3"], "train.epoch：TrainSettings 没有这个键；应为："),
        (
            ["train", "-c", "cyclegan_photo2monet", "-o", "data.folder=F", "--dry-run", "-o", "train.device=cpu"],
            "错误：F：没有这个文件夹；应为：图片文件夹。请在配置的 data 部分改正；`paddlegan doctor` 会列出全部问题",
        ),
        (["train"], "paddlegan: 错误：--config：没有给出；应为：实验的名字或 YAML 文件。见 `paddlegan configs`"),
        (["train", "-q", "-v", "-c", "x"], "--quiet：不能与 --verbose 同时使用。请去掉其中一个"),
        (["translate", "a.jpg", "--checkpoint", "b"], "--checkpoint：没有文件 b；应为：一个 .ppgan 文件"),
        (
            ["stylize", "a.jpg", "--style", "udnie", "--shard", "3/2"],
            "'--shard' 的值无效：'3/2' 不是一个份额；例如 3/8",
        ),
        (
            ["stylize", "a.jpg", "a.jpg", "--style", "udnie", "-o", "-"],
            "--output：- 只用于一张图片；应为：文件夹（多于一张时）",
        ),
        (
            ["stylize", "a.jpg", "--style", "udnie:2"],
            "--style：udnie 是唯一的风格，权重不起作用。想减弱它请用 --strength 2",
        ),
        (
            ["inspect", "missing.pth"],
            "missing.pth：没有这个文件；应为：权重文件：.ppgan、.pdparams、.pth 或 .safetensors。请检查路径",
        ),
        (["degrade", "missing", "worse"], "missing：不是文件夹；应为：清晰图片的文件夹"),
        (["stylize", "a.jpg", "--style", "udnie", "--device", "tpu"], "device：没有 'tpu'；应为："),
        (["export", "udnie", "-o", "."], "。请换一个名称"),
        (["restore", "a.mp4"], "a.mp4：是视频；应为：照片。请用：paddlegan video a.mp4 --restore"),
        (["video", "a.mp4", "--style", "udnie", "-o", "a.gif"], "a.gif：a.mp4 不能成为 .gif；应为：.mp4 .mov"),
    ],
)
def test_errors_are_told_in_chinese(arguments: list[str], told: str, run_cli, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jpg").write_bytes(Path(SAMPLE_PHOTO).read_bytes())
    code, out, err = run_cli("--lang", "zh", *arguments)
    assert code in (1, 2) and out == "" and told in err


def test_all_faults_of_a_config_are_told_in_chinese(run_cli, tmp_path) -> None:
    config = """
recipe:
  name: CycleGAN
  generator: {name: ResnetGenerator, blokcs: 9, base_channels: 0}
  discriminator: {name: PatchDiscriminatr}
  cycle: ten
  objective: lsgun
data: {name: Unpaired, a: 5, a: [x]}
loader: {batch_size: 0}
train: {iterations: -3, epoch: 3, to_static: 1}
validation: {every: 10, samples: many, patience: 2.5}
"""
    (tmp_path / "x.yaml").write_text(config)
    arguments = ("train", "-c", tmp_path / "x.yaml", "-o", "train.seed", "-o", "train.lr=[")
    code, _, err = run_cli("--lang", "zh", *arguments)
    first, *faults = err.splitlines()
    assert code == 2 and first.endswith(f"x.yaml：{len(faults)} 处错误") and len(faults) >= 12
    assert [line for line in faults if "；应为：" not in line and "没有这个键" not in line] == []
    english = run_cli("--lang", "en", *arguments)[2].splitlines()
    assert english[0].endswith(f"x.yaml: {len(faults)} faults") and len(english) == len(faults) + 1
    assert not any(is_chinese(line) for line in english)


def test_what_the_doctor_finds_is_told_in_chinese(run_cli, tmp_path) -> None:
    for place in ("A/one.jpg", "A/two.jpg", "B/three.jpg"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        shutil.copy(SAMPLE_PHOTO, tmp_path / place)
    (tmp_path / "A" / "broken.png").write_bytes(b"broken")
    code, _, err = run_cli("--lang", "zh", "doctor", tmp_path)
    found = err[err.index("错误") :].splitlines()
    assert code == 2 and len(found) >= 5
    assert [line for line in found if not is_chinese(line)] == []


def test_names_in_a_message_are_not_translated_even_where_they_are_words() -> None:
    with speaking("zh"):
        assert in_words("3 pictures written to text") == "已把 3 张图片写入 text"
        assert in_words("paddlegan: error: missing") == "paddlegan: 错误：missing"


def test_an_error_is_told_whole_or_in_english(capsys) -> None:
    with speaking("zh"):
        assert error_in_words(UsageError("x", "is missing", "one of them")) == "x：没有给出；应为：其中之一"
        assert (
            error_in_words(UsageError("x", "is missing", remedy="Give another --port"))
            == "x：没有给出。请换一个 --port"
        )
        strange = UsageError("x", "is missing", "three wishes")
        assert error_in_words(strange) == str(strange)
        say_error(
            UsageError("x", "is missing; expected three wishes", "one; `paddlegan doctor` tells of all that is wrong")
        )
        assert "x: is missing; expected three wishes; expected one; `paddlegan doctor`" in capsys.readouterr().err
        several = ConfigError("x.yaml", "2 faults")
        several.args = ("x.yaml: 2 faults\n  a\n  b",)
        assert error_in_words(several) == "x.yaml: 2 faults\n  a\n  b"
        there = ImageError("a.png", "exists already", remedy="Use --overwrite", code="exists")
        assert error_in_words(there) == "a.png：文件已存在。请换一个名称，或加上 --overwrite"
    assert error_in_words(there) == str(there)


def test_a_training_speaks_and_its_log_and_json_stay_english(tmp_path, monkeypatch, capsys) -> None:
    tiny.register(monkeypatch)
    (tmp_path / "x.yaml").write_text(tiny.experiment(2, validation={"every": 2}).dump())
    command = ["train", "-c", str(tmp_path / "x.yaml"), "--run-dir", str(tmp_path / "run"), "-o", "train.seed=3"]
    assert main([*command, "--lang", "zh"]) == 0
    out, err = capsys.readouterr()
    for words in (
        "设备 cpu",
        "配置 x.yaml，改动：",
        "  train.seed：3（原为 0）",
        "第 2 次迭代的验证",
        "剩余",
        "后完成",
    ):
        assert words in err
    assert out == "" and not is_chinese((tmp_path / "run/train.log").read_text(encoding="utf-8"))
    assert not is_chinese((tmp_path / "run/metrics.jsonl").read_text(encoding="utf-8"))
    assert main([*command, "--lang", "zh", "--json"]) == 2
    out, err = capsys.readouterr()
    assert "里面已有一次训练。请用 --resume 继续" in err
    assert json.loads(out)["error"].endswith("holds a run already. Continue it with --resume or give another --run-dir")


def test_a_batch_speaks_and_its_json_stays_english(tmp_path, run_cli) -> None:
    (tmp_path / "words.jpg").write_text("no picture")
    code, out, err = run_cli("restore", tmp_path, "-o", tmp_path / "out", "--lang", "zh", "--json")
    assert code == 1 and "words.jpg：不是可识别的图片格式" in err
    assert not is_chinese(json.dumps(json.loads(out), ensure_ascii=False))


# Styles


def test_a_style_has_a_name_and_titles() -> None:
    for style in catalogue():
        for name in (style.name, *style.title.values()):
            assert shipped_name(name) == style.name and shipped(name) == style.path, name
    assert shipped_name("THE STARRY NIGHT") == "starry_night"
    assert shipped_name("x") is shipped("x") is None


def test_a_style_is_asked_for_by_its_chinese_title(tmp_path, run_cli) -> None:
    shutil.copy(SAMPLE_PHOTO, tmp_path / "照片.jpg")
    code, _, err = run_cli("stylize", tmp_path / "照片.jpg", "--style", "星月夜", "--lang", "zh", "--faces", "1")
    assert code == 0, err
    settings = read_settings(tmp_path / "照片_星月夜.jpg")
    assert settings is not None and settings.style is not None and settings.style.name == "starry_night"


# Columns


def test_a_chinese_character_takes_two_columns() -> None:
    assert width("照片 photo") == 10 and padded("照片", 6) == "照片  "
    assert wrapped("把照片变成画作，或 paddlegan styles", 12) == ["把照片变成画", "作，或", "paddlegan", "styles"]
    assert wrapped("an English text stays", 10) == ["an English", "text stays"]
    assert wrapped("", 10) == [""]
    for columns in range(4, 40):
        lines = wrapped("风格用在哪里：任意大小的图片，会拉伸到照片上。", columns)
        assert all(width(line) <= columns for line in lines) and "".join(lines).startswith("风格用在哪里：任意大小")
        assert not any(line.startswith(("，", "。", "：")) for line in lines)


def test_years_are_written_as_chinese_writes_them(run_cli) -> None:
    assert [year_in("zh", year) for year in ("1889", "c. 1831", "1890s")] == ["1889", "约 1831", "1890 年代"]
    assert year_in("en", "c. 1831") == "c. 1831"
    assert "约 1831" in run_cli("styles", "--lang", "zh")[2]


def test_lines_that_are_put_together_are_told_in_chinese(run_cli, tmp_path, capsys) -> None:
    note = "slow to start: the cache folder /x cannot be used (it is full); set PPGAN_LITE_CACHE"
    with speaking("zh"):
        print_predictor(SimpleNamespace(name="{udnie}", device="cpu", engine="openvino", device_note=note))
        told = "启动较慢：无法使用缓存文件夹 /x（it is full）；请设置 PPGAN_LITE_CACHE"
        assert capsys.readouterr().err == f"{{udnie}}：设备 cpu，引擎 openvino ({told})\n"
        say_above_bar("preview: a.png")
        assert "预览：a.png" in capsys.readouterr().err
    (tmp_path / "clean").mkdir()
    shutil.copy(SAMPLE_PHOTO, tmp_path / "clean/a.jpg")
    command = ("degrade", tmp_path / "clean", tmp_path / "worse")
    assert run_cli(*command)[0] == 0
    (tmp_path / "worse/a.jpg").unlink()
    code, _, err = run_cli("--lang", "zh", *command, "--verify")
    assert code == 1 and f"{tmp_path / 'worse/a.jpg'}：不见了" in err.splitlines()
