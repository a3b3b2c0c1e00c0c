"""Messages of the command line while a verb runs, in Chinese: English text -> Chinese text. {} stands for anything."""

# The parts of an error: where, what was found, what was expected, what to do.
ERROR = ("{}", "：{}", "；应为：{}", "。{}")

# Messages that join others.
JOINED = (
    *("{}; expected {}", "{}; `paddlegan doctor` tells of all that is wrong"),
    *("{} or {}", "{} or more", "{}, odd", "from {} to {}", "from {} to below {}", "an integer {}", "a number {}"),
    *("an integer, {}", "a number, {}", "a list, each {}", "a list of {}: {}"),
)

# Words for codes of errors, where those of the window name what only a window has.
ERRORS = {
    "exists": "{where}：文件已存在。请换一个名称，或加上 --overwrite",
    "unknown_task": "{where}：需要本程序不支持的输入或任务",
}

MESSAGES = {
    # of all verbs
    "{}: error: {}": "{}: 错误：{}",
    "{}: interrupted": "{}: 已中断",
    "{}: interrupted: {}": "{}: 已中断：{}",
    " (see `{} --help`)": "（见 `{} --help`）",
    "not enough memory": "内存不足",
    "unexpected {}. Please report it, with what --debug shows": "意外的错误 {}。请连同 --debug 显示的内容一起反馈",
    "cannot print the outcome ({}). Free some space": "无法输出结果（{}）。请腾出一些空间",
    "one of them": "其中之一",
    "Leave one of them out": "请去掉其中一个",
    "is missing": "没有给出",
    "cannot be combined with {}": "不能与 {} 同时使用",
    "and {} exclude each other": "与 {} 不能同时使用",
    "and --size exclude each other": "与 --size 不能同时使用",
    "and --json are both given": "与 --json 不能同时使用",
    "and --checkpoint are both given": "与 --checkpoint 不能同时使用",
    "does nothing without {}": "没有 {} 时不起作用",
    "exists already": "已存在",
    "Choose another name, or allow it with --overwrite": "请换一个名称，或加上 --overwrite",
    "is the {} itself": "就是{}本身",
    "another name for the result": "结果的另一个名称",
    "there is no such file": "没有这个文件",
    "there is no such file or folder": "没有这个文件或文件夹",
    "there is no such folder": "没有这个文件夹",
    "there is no file {}": "没有文件 {}",
    "a .ppgan file": "一个 .ppgan 文件",
    "No such command {}. Did you mean {}?": "没有 {} 这个命令。是否指 {}？",
    "No such command {}.": "没有 {} 这个命令。",
    "Did you mean {}?": "是否指 {}？",
    "{name} on {device}, {engine}": "{name}：设备 {device}，引擎 {engine}",
    "slow to start: the cache folder {} cannot be used ({}); set {}": (
        "启动较慢：无法使用缓存文件夹 {}（{}）；请设置 {}"
    ),
    "preparing {}; only its first use takes this long": "正在准备 {}；只有第一次使用需要这么久",
    # the window
    "error: ": "错误：",
    "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)": (
        "没有显示器（未设置 DISPLAY 或 WAYLAND_DISPLAY）"
    ),
    "the display {} does not answer": "显示器 {} 没有响应",
    "a running X server": "正在运行的 X 服务器",
    "a system library is missing ({})": "缺少系统库（{}）",
    "On Debian or Ubuntu run: sudo apt install {}. Without a window, use: {}": (
        "在 Debian 或 Ubuntu 上请运行：sudo apt install {}。不用窗口时请运行：{}"
    ),
    "Without a window, use: {}": "不用窗口时请运行：{}",
    # pictures and clips
    "{} x {} pixels: {}": "{} x {} 像素：{}",
    "left out: {}": "未使用：{}",
    "{}: its first frame, and no other; {} video paints all of them": "{}：只处理第一帧；用 {} video 可处理每一帧",
    "is a clip": "是视频",
    "photos": "照片",
    "{} skipped: their results are there": "跳过 {}：结果已存在",
    "1 photo": "1 张照片",
    "{} photos": "{} 张照片",
    "{} of {} photos failed": "{} 张失败，共 {} 张照片",
    "its task is {}": "它的任务是 {}",
    "a checkpoint whose task is {}": "任务为 {} 的检查点",
    "Use: {}": "请用：{}",
    "{} paints in the style of any picture": "{} 能以任意图片为风格",
    "that picture's file": "该图片的文件",
    "--painting with that picture's file": "用 --painting 给出该图片的文件",
    "says nothing without a mask": "没有蒙版时不起作用",
    "Name one with --mask PICTURE": "请用 --mask PICTURE 给出蒙版",
    "'{}' does not ship": "没有内置“{}”",
    "'{}' does not ship, nor is it one of yours": "“{}”不是内置的，也不是你自己的",
    "{}, nor is there such a file": "{}，也没有这个文件",
    "one of {}": "{} 之一",
    "one of {}. Did you mean '{}'?": "{} 之一。是否指“{}”？",
    "a style's name, a picture or a checkpoint": "风格名、图片或检查点",
    "{}: HDR ({}) is mapped to SDR": "{}：HDR（{}）已映射为 SDR",
    "{}: {} x {}, {} frames per second": "{}：{} x {}，每秒 {} 帧",
    "{}: its format does not hold the {}s of the clip; .mkv would": "{}：这种格式存不下视频的 {}；.mkv 可以",
    "{}: is done already": "{}：已经完成",
    "holds no settings": "其中没有设置",
    "a picture that {} has made, in a format other than BMP": "由 {} 生成的图片（BMP 除外）",
    "a clip that {} has made": "由 {} 生成的视频",
    "is for pictures, and not for clips": "只用于图片，不用于视频",
    "--checkpoint with the file of its weights": "用 --checkpoint 给出权重文件",
    "--{} with its file": "用 --{} 给出它的文件",
    "mixes styles, of which {} would be one": "混合了多种风格，{} 只是其中之一",
    "their files beside it": "它们的文件放在旁边",
    "its file beside it": "它的文件放在旁边",
    "and --keep-colors are both given": "与 --keep-colors 不能同时使用",
    "is for one checkpoint that takes any picture": "用于一个能以任意图片为风格的检查点",
    "the pictures as --style": "用 --style 给出这些图片",
    "{} has no weight, but others do": "{} 没有权重，而别的有",
    "a weight for all styles, or for none": "所有风格都有权重，或都没有",
    "{} is given twice": "{} 给出了两次",
    "each style once": "每种风格一次",
    "does not name its photo": "没有写明它的照片",
    "{} again RESULT PHOTO": "{} again RESULT PHOTO",
    "{}: {} is another file now than it was made with, so the picture will differ": (
        "{}：{} 已不是当时的文件，所以结果会不同"
    ),
    "{}: its option {} is not known here and left out": "{}：不认识其中的选项 {}，已忽略",
    "it was made with {}, which is not here; the picture may differ a little": (
        "当时用的是 {}，这里没有；结果可能略有不同"
    ),
    # serving
    "serving {} at http://{}:{} (Ctrl-C ends)": "正在提供 {}，地址 http://{}:{}（按 Ctrl-C 结束）",
    "whoever reaches this address may use it: there is no login (docs/serving.md)": (
        "能访问这个地址的人都可以使用：没有登录（docs/serving.md）"
    ),
    # many pictures, by several processes
    "watching; Ctrl-C ends it": "正在等待新照片；按 Ctrl-C 结束",
    "{} is not a folder": "{} 不是文件夹",
    "one folder": "一个文件夹",
    "and {} are both given": "不能与 {} 同时使用",
    "and the picture both go to standard output": "与图片都要写到标准输出",
    "a file or folder for --output": "--output 指定文件或文件夹",
    "cannot read standard input": "不能读标准输入",
    "files and folders": "文件和文件夹",
    "is given for one of SRC and DST": "只用在了 SRC 和 DST 中的一个上",
    "it for both, or two folders": "两个都用 -，或给出两个文件夹",
    "is for folders": "只用于文件夹",
    "two folders instead of -": "用两个文件夹代替 -",
    "is closed": "已关闭",
    "a picture": "一张图片",
    # cameras
    "a camera or a clip": "摄像头或视频",
    "is no clip that OpenCV reads": "不是 OpenCV 能读的视频",
    "camera {}": "摄像头 {}",
    "cannot be opened": "无法打开",
    "a camera; 0 is the first": "一个摄像头；0 是第一个",
    "Look whether it is plugged in, allowed for this program and not in use by another": (
        "请检查它是否接好、是否允许本程序使用、是否正被别的程序占用"
    ),
    "is there already": "已存在",
    "Use --overwrite to replace it": "用 --overwrite 覆盖它",
    # degraded pictures
    "{} pictures written to {}": "已把 {} 张图片写入 {}",
    "{} pictures written to {} ({})": "已把 {} 张图片写入 {}（{}）",
    "{} of {} pictures failed": "{} 张失败，共 {} 张图片",
    "{} pictures were done already": "{} 张图片之前已完成",
    "{} results have no source any more, such as that of {}": "{} 个结果已没有原图，例如 {} 的",
    "{} of {} pictures are done; the same command goes on from there": (
        "已完成 {} / {} 张图片；再运行同样的命令即可继续"
    ),
    "{} is what its manifest tells: {} pictures": "{} 与清单一致：{} 张图片",
    "{} is not what its manifest tells: {}": "{} 与清单不一致：{}",
    "{}: has no result yet": "{}：还没有结果",
    "{}: is missing": "{}：不见了",
    "{}: differs from the manifest": "{}：与清单不符",
    "{}: is not in the manifest": "{}：不在清单里",
    "{}: was made with seed {}": "{}：是用种子 {} 做的",
    "{}: was made with other degradations: {}": "{}：是用别的操作做的：{}",
    "1 difference": "1 处不同",
    "{} differences": "{} 处不同",
    "means over {} pictures; higher is nearer to the clean ones": "{} 张图片的平均值；越高越接近清晰的原图",
    "given together with --noise or --blur": "与 --noise 或 --blur 同时给出",
    "one or the other": "其中之一",
    "NAME:KEY=VALUE,... with each key once": "NAME:KEY=VALUE,...，每个键一次",
    # weight files
    "{}: differs from the net by at most {}, {} on average": "{}：与原网络最多相差 {}，平均 {}",
    "allowed: {}, {} on average; {}": "允许：{}，平均 {}；{}",
    "{} MB, sha256 {}": "{} MB，sha256 {}",
    "Use it: {} stylize PHOTO --style {}": "使用：{} stylize PHOTO --style {}",
    "Use it: {} {} PHOTO --checkpoint {}": "使用：{} {} PHOTO --checkpoint {}",
    "trained on {}": "训练数据：{}",
    "ships": "内置",
    "fetched": "已下载",
    "fetched, an older one": "已下载（旧版本）",
    "not yet": "未下载",
    "'{}' is not known": "没有“{}”",
    "'{}' ships with the program": "“{}”是内置的",
    "Use it by its name, without fetching it": "直接用名字即可，无需下载",
    "this model is not here yet": "这个模型还没有下载",
    "Fetch it: {}": "下载：{}",
    "its address is not known here": "不知道它的地址",
    "--from with its file, a folder or an address": "用 --from 给出它的文件、文件夹或地址",
    "The folder releases/ of the project's repository holds it": "项目仓库的 releases/ 文件夹里有它",
    "does nothing without --fetch": "没有 --fetch 时不起作用",
    "and --remove exclude each other": "与 --remove 不能同时使用",
    "{} is not here": "{} 不在这里",
    "has {} bytes": "有 {} 字节",
    "has the SHA-256 {}": "SHA-256 为 {}",
    "It is another version, or incomplete: take it from elsewhere, or update ppgan-lite": (
        "这是另一个版本，或不完整：请从别处获取，或升级 ppgan-lite"
    ),
    "a file of weights, or an http(s) address": "权重文件，或 http(s) 地址",
    "Check the folder, its rights and the free space": "请检查文件夹、权限和剩余空间",
    "the connection broke after {} bytes ({})": "收到 {} 字节后连接中断（{}）",
    "Run the same again to go on from there": "再运行同样的命令即可继续",
    "the server answers {} ({})": "服务器回答 {}（{}）",
    "cannot be reached ({})": "无法连接（{}）",
    "{} (was there already)": "{}（之前已有）",
    "{}: holds no settings; {} stores them in the pictures that it makes, except BMP": (
        "{}：其中没有设置；{} 会把设置存入它生成的图片，BMP 除外"
    ),
    "is damaged": "已损坏",
    "is a pipe or a device": "是管道或设备",
    "a file": "文件",
    # how good results are
    "{}: {} pictures": "{}：{} 张图片",
    "{}: {} pictures, against {}": "{}：{} 张图片，与 {} 张相比",
    "note: {}": "注：{}",
    "{}: not measured without its published weights; run `paddlegan fetch {}`": (
        "{}：没有公开发布的权重，未测；请运行 `paddlegan fetch {}`"
    ),
    "{}: every picture has a side of less than {} px": "{}：每张图片都有一边不足 {} 像素",
    "{}: {} pictures with a side of less than {} px are left out": "{}：有 {} 张图片一边不足 {} 像素，未计入",
    "{} of {} and {} pictures is too large: compare it with numbers of as many pictures alone": (
        "{}（{} 张和 {} 张图片）偏大：只能与图片数相同时的数字比较"
    ),
    "{}: {} and {} pictures are too few; at least {} of each are needed": "{}：{} 张和 {} 张图片太少；各至少要 {} 张",
    "{} of {} pictures without a partner of the same name, such as {}": (
        "{} 张（共 {} 张）图片没有同名的另一张，例如 {}"
    ),
    "style, art_vgg16: no painting to compare with; give it with --painting PICTURE": (
        "style、art_vgg16：没有可比较的画作；请用 --painting PICTURE 给出"
    ),
    "there are no pictures of the target domain to compare with": "没有目标域的图片可比较",
    "given with two folders": "与两个文件夹一起给出",
    "is a folder of pictures, and there is no other one": "是图片文件夹，但没有给出另一个文件夹",
    "Name the folder to compare it with: paddlegan evaluate RESULTS/ TARGETS/": (
        "请给出与之比较的文件夹：paddlegan evaluate RESULTS/ TARGETS/"
    ),
    "the folder of the pictures to measure on": "用来评测的图片文件夹",
    "a folder for the sheets": "存放拼图的文件夹",
    "metrics of what is there": "与现有图片相符的指标",
    # headings of tables
    "WHAT IT DOES": "用途",
    "SIZE": "大小",
    "HERE": "状态",
    "NAME": "名称",
    "PAINTING": "画作",
    "ARTIST": "作者",
    "YEAR": "年代",
    "EXPERIMENT": "实验",
    "FILTER": "滤波器",
    "SETTINGS": "设置",
    "yours": "我的",
    "METRIC": "指标",
    "VALUE": "数值",
    "95 % INTERVAL": "95 % 区间",
    "BETTER": "更好",
    "higher": "越高越好",
    "lower": "越低越好",
    "learned in {} min": "学习 {} 分钟",
}
