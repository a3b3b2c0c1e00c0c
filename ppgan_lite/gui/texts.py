"""All texts of the window, in English and Chinese."""

from __future__ import annotations

import re

LANGUAGE_NAMES = {"en": "English", "zh": "简体中文"}

TEXTS: dict[str, tuple[str, str]] = {
    # menus and actions
    "menu_file": ("&File", "文件(&F)"),
    "menu_view": ("&View", "视图(&V)"),
    "menu_language": ("&Language", "语言(&L)"),
    "open_photo": ("&Open photo…", "打开照片…(&O)"),
    "paste": ("&Paste photo", "粘贴照片(&P)"),
    "any_painting": ("Any p&ainting…", "任意画作…(&A)"),
    "learn_painting": ("Lea&rn this painting…", "学习这幅画作…(&R)"),
    "load_checkpoint": ("Load &checkpoint…", "加载检查点…(&C)"),
    "save_as": ("&Save as…", "另存为…(&S)"),
    "copy": ("Cop&y result", "复制结果(&Y)"),
    "quit": ("&Quit", "退出(&Q)"),
    "fit": ("&Fit", "适应窗口(&F)"),
    "actual_size": ("&Actual size", "实际大小(&A)"),
    "zoom_in": ("Zoom &in", "放大(&I)"),
    "zoom_out": ("Zoom &out", "缩小(&O)"),
    "cancel": ("Cancel", "取消"),
    "run_stylize": ("Stylize", "开始绘制"),
    "run_translate": ("Translate", "开始转换"),
    "run_restore": ("Restore", "开始修复"),
    # tooltips
    "open_photo_tip": (
        "Open a photo; or drop one on the window, or paste it",
        "打开照片；也可以拖入窗口，或直接粘贴",
    ),
    "any_painting_tip": (
        "Use any picture of yours as the style; or drop it on the gallery",
        "用任意一张图片作为风格；也可以把它拖到风格栏上",
    ),
    "learn_painting_tip": (
        "Make a style of a painting of yours: better than Any painting, in a few minutes",
        "用几分钟把一幅画作变成你自己的风格，效果胜过“任意画作”",
    ),
    "load_checkpoint_tip": (
        "Use a file that `paddlegan train`, PaddleGAN or a PyTorch program wrote",
        "使用 paddlegan train、PaddleGAN 或 PyTorch 程序生成的文件",
    ),
    "save_as_tip": ("Save the result at its full size", "以完整尺寸保存结果"),
    "run_tip": ("Make the picture (double-click on a style does the same)", "生成图片（双击风格也可以）"),
    "cancel_tip": ("Stop; the last result stays", "停止；保留上一个结果"),
    "direction_tip": ("Which way to translate", "转换的方向"),
    "strength_tip": ("From the photo (0 %) to the painting (100 %)", "从照片（0 %）到画作（100 %）"),
    "keep_colors_tip": ("The photo's colors with the painting's brush", "保留照片的颜色，使用画作的笔触"),
    "spare_faces_tip": ("Fewer strokes on faces, so that they stay whole", "人脸上少用笔触，保持五官完整"),
    "brush_tip": ("How wide the strokes are; Auto follows the picture", "笔触的宽度；自动则随图片大小而定"),
    # panes
    "photo": ("Photo", "照片"),
    "result": ("Result", "结果"),
    "drop_here": ("Drop a photo here", "将照片拖到这里"),
    "drop_hint": ("or click to open one, or paste it with Ctrl+V", "或点击打开，或用 Ctrl+V 粘贴"),
    "result_here": ("The result appears here", "结果将显示在这里"),
    "result_hint": ("Choose a style below and press {button}", "在下方选择风格，然后点击“{button}”"),
    "pasted": ("Pasted picture", "粘贴的图片"),
    # gallery and style settings
    "any_painting_title": ("Any painting", "任意画作"),
    "choose_picture": ("Choose a picture", "选择一张图片"),
    "yours": ("Yours", "我的风格"),
    "task_stylize": ("stylizes photos", "照片风格化"),
    "task_translate": ("translates images", "图像转换"),
    "task_restore": ("restores images", "图像修复"),
    "painting": ("Painting", "画作"),
    "choose": ("Choose…", "选择…"),
    "no_painting": ("none yet", "尚未选择"),
    "direction": ("Direction", "方向"),
    "strength": ("Strength", "强度"),
    "keep_colors": ("Keep colors", "保留颜色"),
    "spare_faces": ("Spare faces", "保护人脸"),
    "brush": ("Brush", "笔触"),
    "auto": ("Auto", "自动"),
    "pixels": ("{px} px", "{px} 像素"),
    # learning
    "learn_title": ("Learn this painting", "学习这幅画作"),
    "learn_hint": (
        "A net learns the strokes and shapes of this painting. The window stays usable, and you can stop at any time.",
        "网络将学习这幅画作的笔触和形状。期间窗口仍可使用，也可以随时停止。",
    ),
    "learn_name": ("Name", "名称"),
    "learn_minutes": ("Minutes", "分钟"),
    "learn_shapes": ("Photo", "照片"),
    "strokes_fine": ("Fine strokes", "细笔触"),
    "strokes_as_painted": ("As painted", "如原画"),
    "strokes_broad": ("Broad strokes", "粗笔触"),
    "shapes_bold": ("Bold shapes", "大胆变形"),
    "shapes_balanced": ("Balanced", "平衡"),
    "shapes_faithful": ("Faces kept whole", "保持面部完整"),
    "learn_start": ("Learn", "开始学习"),
    "learn_preview": ("Preview", "预览"),
    "learn_stop": ("Stop and keep", "停止并保留"),
    "learning": ("Learning “{title}”", "正在学习“{title}”"),
    "learn_stopping": ("stopping…", "正在停止…"),
    "time_left": ("{time} left", "剩余 {time}"),
    "learned": ("“{title}” is learned: it stands in the gallery", "已学会“{title}”，可在风格栏中选用"),
    "learn_kept": ("Stopped; “{title}” is kept as it is", "已停止；“{title}”按当前状态保留"),
    "learn_nothing": ("Stopped before anything was learned", "已停止，尚未学到内容"),
    "learn_busy": ("A painting is being learned already", "正在学习一幅画作"),
    "learn_failed": ("The painting could not be learned.", "无法学习这幅画作。"),
    "close_title": ("A painting is being learned.", "正在学习一幅画作。"),
    "close_question": ("Stop, keep what it has learned so far, and close?", "停止学习、保留已学内容并关闭窗口？"),
    # status
    "ready": ("Ready", "就绪"),
    "opening": ("Opening {name}…", "正在打开 {name}…"),
    "loading": ("Loading {name}…", "正在加载 {name}…"),
    "preparing": ("Getting ready…", "正在准备…"),
    "working": ("Working… {percent} %", "正在处理… {percent} %"),
    "cost": ("about {time}, {memory}", "预计 {time}，内存 {memory}"),
    "seconds": ("{count} s", "{count} 秒"),
    "minutes": ("{count} min", "{count} 分钟"),
    "gigabytes": ("{count} GB", "{count} GB"),
    "done": ("Done in {seconds} s", "完成，用时 {seconds} 秒"),
    "cancelled": ("Canceled", "已取消"),
    "saving": ("Saving {name}…", "正在保存 {name}…"),
    "saved": ("Saved {path}", "已保存 {path}"),
    "copied": ("Result copied", "结果已复制"),
    "nothing_to_paste": ("There is no picture to paste", "剪贴板中没有图片"),
    "need_photo": ("Open a photo first", "请先打开照片"),
    "need_painting": ("Choose a painting first", "请先选择画作"),
    "device": ("Device: {device}", "设备：{device}"),
    "device_starting": ("starting…", "正在启动…"),
    "device_unknown": ("none", "无"),
    # dialogs
    "open_photo_title": ("Open a photo", "打开照片"),
    "open_painting_title": ("Choose a painting", "选择画作"),
    "open_checkpoint_title": ("Load a checkpoint", "加载检查点"),
    "save_title": ("Save the result", "保存结果"),
    "pictures_filter": ("Pictures", "图片"),
    "checkpoints_filter": ("Checkpoints", "检查点"),
    "all_files": ("All files", "所有文件"),
    "photo_failed": ("The photo could not be opened.", "无法打开照片。"),
    "painting_failed": ("The painting could not be opened.", "无法打开画作。"),
    "checkpoint_failed": ("The checkpoint could not be loaded.", "无法加载检查点。"),
    "paint_failed": ("The picture could not be made.", "无法生成图片。"),
    "warm_up_failed": ("The painter could not be started.", "无法启动绘制程序。"),
    "save_failed": ("The picture could not be saved.", "无法保存图片。"),
    "unexpected": ("Something unexpected went wrong.", "发生了意外错误。"),
    "kept": ("What was open before is still there.", "之前打开的内容没有改变。"),
    "no_memory": (
        "There is not enough memory for this picture. Close other programs, or use a smaller picture",
        "内存不足，无法处理这张图片。请关闭其他程序，或使用较小的图片",
    ),
}


def text(key: str, language: str, **values: object) -> str:
    """Return a text of the table in "en" or "zh", its {placeholders} filled in."""
    english, chinese = TEXTS[key]
    return (chinese if language == "zh" else english).format(**values)


def plain(label: str) -> str:
    """Return a menu's text without the mark of its access key."""
    return re.sub(r"\(&\w\)|&", "", label)
