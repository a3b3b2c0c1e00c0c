"""Help texts of the command line in Chinese: normalized English text -> Chinese text."""

HELP = {
    # of all verbs
    "Turn photographs into paintings, and images of one kind into another, with PaddlePaddle.": (
        "用飞桨把照片变成画作，或把一类图像转换成另一类。"
    ),
    "Show where an error comes from.": "显示错误从何而来。",
    "Show the version and exit.": "显示版本并退出。",
    "Language of help and messages. Default: the system's.": "帮助和消息的语言。默认：系统的语言。",
    "Device to compute on; intel is an Intel GPU.": "用哪个设备计算；intel 是英特尔显卡。",
    "Device to compute on.": "用哪个设备计算。",
    "Engine to execute the net. To insist on a precision, add it after a colon: auto:float32.": (
        "执行网络的引擎。要指定精度，在冒号后写明：auto:float32。"
    ),
    "Bits per channel of the result. Default: the photo's, in PNG and TIFF.": (
        "结果每通道的位数。默认：与照片相同（PNG 和 TIFF）。"
    ),
    "Replace files that exist.": "替换已有的文件。",
    "Print the outcome as JSON on stdout.": "把结果以 JSON 输出到标准输出。",
    "Print a line of JSON for each photo as it is done.": "每完成一张照片，输出一行 JSON。",
    "Write neither the photo's EXIF and XMP nor the settings.": "不写入照片的 EXIF、XMP，也不写入设置。",
    "Leave out where the photo was taken.": "去掉照片的拍摄地点。",
    "Skip photos whose results exist.": "跳过结果已存在的照片。",
    "Only the I-th of N shares of the photos.": "只处理全部照片 N 份中的第 I 份。",
    "Format of the results. Default: the photo's.": "结果的格式。默认：与照片相同。",
    "Processes that share photos and cores. Default: 1.": "几个进程分担照片和处理器核心。默认：1。",
    "Let a Ray cluster do it, one worker per processor or --workers.": (
        "交给 Ray 集群处理，每个处理器一个进程，或由 --workers 指定个数。"
    ),
    "Then wait for photos that appear in the folder.": "处理完后继续等待，文件夹里出现新照片就处理。",
    # pictures
    "Paint photos, or all photos of a folder, in a style. - is standard input and output.": (
        "以某种风格绘制照片，或文件夹里的全部照片。- 表示标准输入和标准输出。"
    ),
    "Default: next to the photo, named after the style.": "默认：放在照片旁边，以风格命名。",
    "To paint in; see `paddlegan styles`. Given several times, styles mix: equally, or by weights such as --style"
    " udnie:0.6 --style the_dance:0.4.": (
        "绘制所用的风格；见 `paddlegan styles`。给出多个时会混合：各占一样多，"
        "或按权重，例如 --style udnie:0.6 --style the_dance:0.4。"
    ),
    "The colors of this picture instead of the style's.": "不用风格的颜色，而用这张图片的颜色。",
    "For a checkpoint that paints in the style of any picture.": "用于能以任意图片为风格的检查点。",
    "Strength of the style, from 0 (the photo) to 1.": "风格的强度，从 0（照片）到 1。",
    "The photo's colors, the painting's brush.": "保留照片的颜色，使用画作的笔触。",
    "Width of a stroke in pixels of the photo. Default: follows the picture.": (
        "笔触的宽度，以照片的像素计。默认：随图片大小而定。"
    ),
    "Share of the strokes on faces, where there are any; 1 does not look for them.": (
        "人脸上保留多少笔触（有人脸时）；1 表示不查找人脸。"
    ),
    "Where the style goes: a picture of any size, stretched over the photo. White is --strength, black"
    " --strength-outside.": (
        "风格用在哪里：任意大小的图片，会拉伸到照片上。白处为 --strength，黑处为 --strength-outside。"
    ),
    "Strength where the mask is black. Default: 0.": "蒙版为黑处的风格强度。默认：0。",
    "How wide the mask's edge fades, in pixels of the photo. Default: follows the picture.": (
        "蒙版边缘的过渡宽度，以照片的像素计。默认：随图片大小而定。"
    ),
    "Translate images, or all images of a folder, from one kind to another. - is standard input and output.": (
        "把图像（或文件夹里的全部图像）从一类转换成另一类。- 表示标准输入和标准输出。"
    ),
    "Default: next to the photo, with the checkpoint's name.": "默认：放在照片旁边，带上检查点的名字。",
    "A translation checkpoint, such as of CycleGAN or pix2pix.": "图像转换的检查点，例如 CycleGAN 或 pix2pix 的。",
    "Direction, such as a_to_b or b_to_a. Default: the checkpoint's first.": (
        "方向，例如 a_to_b 或 b_to_a。默认：检查点的第一个方向。"
    ),
    "Restore degraded photos, or all photos of a folder. - is standard input and output.": (
        "修复退化的照片，或文件夹里的全部照片。- 表示标准输入和标准输出。"
    ),
    "Default: next to the photo, named photo_restored.": "默认：放在照片旁边，名为 photo_restored。",
    "A restoration checkpoint. Default: the shipped one, for noise and blur.": (
        "修复用的检查点。默认：内置的那个，针对噪声和模糊。"
    ),
    "Paint a photo in every style, on one contact sheet.": "用每种风格各画一遍照片，排在一张图上。",
    "The picture file to write.": "要写入的图片文件。",
    "Open the window.": "打开窗口。",
    # clips
    "Paint, translate or restore clips. The sound is copied; animated GIF and WebP stay what they are.": (
        "绘制、转换或修复视频。声音原样复制；动态 GIF 和 WebP 仍是原来的格式。"
    ),
    "Default: next to the clip, named after the style.": "默认：放在视频旁边，以风格命名。",
    "Take noise and blur away, by the checkpoint that ships.": "用内置的检查点去除噪声和模糊。",
    "A checkpoint that translates or restores, instead of a style.": "用于转换或修复的检查点，代替风格。",
    "Direction of a translation, such as a_to_b.": "转换的方向，例如 a_to_b。",
    "How firmly strokes stay on things that move; 0 paints each frame by itself.": (
        "笔触跟随运动物体的稳定程度；0 表示每帧单独绘制。"
    ),
    "Video codec of the result.": "结果视频的编码。",
    "Constant rate factor; smaller is better.": "恒定质量因子（CRF）；越小画质越好。",
    "Go on where the same command stopped.": "从同一命令上次停下的地方继续。",
    # webcam
    "Paint what a camera films, in a window.\n\n"
    "Each frame that is painted is the camera's newest. Space saves a picture into the current folder.": (
        "在窗口里实时绘制摄像头的画面。\n\n每次都绘制最新的一帧。按空格键把图片存入当前文件夹。"
    ),
    "0 is the first camera; a clip plays in place of one.": "0 是第一个摄像头；也可以用视频文件代替。",
    "As in a mirror; key M.": "像镜子一样左右翻转；按 M 键切换。",
    "How firmly strokes stay on things that move.": "笔触跟随运动物体的稳定程度。",
    "Short side of what is painted; smaller is faster.": "绘制画面的短边；越小越快。",
    "Write what is painted to an .mp4, without sound.": "把绘制的画面写入 .mp4 文件，没有声音。",
    # serve
    "Serve photos over HTTP: an API, and a page for people.\n\n"
    "Ctrl-C or SIGTERM finishes the photos that were accepted, then exits.": (
        "通过 HTTP 处理照片：有 API，也有网页。\n\n按 Ctrl-C 或收到 SIGTERM 时，处理完已有的照片再结束。"
    ),
    "Port to listen on; 0 takes a free one.": "监听的端口；0 表示任意空闲端口。",
    "Address to listen on; 0.0.0.0 for all.": "监听的地址；0.0.0.0 表示全部。",
    "For an upload, and again for queueing and processing.": "上传的时限；等待和处理的时限也是这么多。",
    "Names of the styles to offer. Default: all.": "提供哪些风格。默认：全部。",
    "Largest photo.": "照片的上限。",
    "Largest upload.": "上传的上限。",
    "Photos that may queue; more are refused with 429.": "最多几张照片排队；更多的以 429 拒绝。",
    "Photos processed at a time.": "同时处理几张照片。",
    "Checkpoints to offer as well: they paint, translate or restore.": "另外提供的检查点：用于绘制、转换或修复。",
    # again
    "Make a picture again, or others like it: repeat the settings that RESULT holds on its photo or on other photos."
    "\n\nThe photo, paintings, the mask and checkpoints are found by their names and hashes in the folder of RESULT, in"
    " the one above it and in the current one. Files that have changed are reported.": (
        "按 RESULT 中保存的设置再做一次，用它原来的照片，或用别的照片。\n\n"
        "照片、画作、蒙版和检查点会按名称和哈希值，在 RESULT 所在的文件夹、它的上一级和当前文件夹里查找。"
        "如有与当时不同的，会说明。"
    ),
    "Default: next to RESULT, named RESULT_again; of a PHOTO, next to it.": (
        "默认：放在 RESULT 旁边，名为 RESULT_again；给了 PHOTO 则放在它旁边。"
    ),
    "The picture whose style it is, if it is not found beside RESULT.": "作为风格的图片（在 RESULT 旁边找不到时）。",
    "The mask, likewise.": "蒙版，同上。",
    "The picture whose colors it has, likewise.": "提供颜色的图片，同上。",
    "The weights, if they are not found.": "权重文件（找不到时）。",
    # styles
    "List the styles: those that ship, and yours, which `paddlegan learn` makes.\n\n"
    "Each of yours is one file, which others can add to theirs.": (
        "列出风格：内置的，以及你用 `paddlegan learn` 得到的。\n\n你的每种风格是一个文件，别人也可以添加到自己那里。"
    ),
    "Add a style that somebody gave you, or that you trained.": "添加别人给你的，或你自己训练的风格。",
    "Delete a style of yours, and the run that learned it.": "删除你的一种风格，以及学习它时的训练文件夹。",
    "Show a style of yours under another title.": "给你的一种风格换一个标题。",
    # learn
    "Learn a painting: make a style of your own of it, in minutes.\n\n"
    "The style is then used by its name, as those that ship are. Ctrl-C stops and keeps what is learned so far.": (
        "学习一幅画作：用几分钟把它变成你自己的风格。\n\n"
        "之后就像内置的风格一样按名字使用。按 Ctrl-C 会停止，并保留已学到的。"
    ),
    "Name of the style. Default: that of the file.": "风格的名字。默认：文件名。",
    "Photos to learn on. Default: some that ship.": "学习时用的照片。默认：内置的一些。",
    "Minutes in all, those before a --resume included. [default: 6]": "总共多少分钟，包括 --resume 之前的。[默认：6]",
    "More keeps faces whole, less gives bolder shapes. [default: 0.05]": "越大人脸越完整，越小变形越大胆。[默认：0.05]",
    "Scale of the painting: 2 gives strokes twice as large. [default: 1]": "画作的比例：2 使笔触大一倍。[默认：1]",
    "The photo that previews show. Default: a portrait that ships.": "预览用的照片。默认：内置的一张人像。",
    "Go on with the style of that name, for the rest of its minutes or more.": (
        "继续学习同名的风格，用完剩下的时间，或更久。"
    ),
    'Print each event as a line of JSON on stdout. A line "stop" on stdin then does what Ctrl-C does.': (
        "每个事件输出一行 JSON。此时在标准输入写一行 stop 等同于按 Ctrl-C。"
    ),
    # training
    "Train the experiment of a configuration.\n\nThe config.yaml of a run continues that run.": (
        "按一份配置训练。\n\n给出某次训练的 config.yaml，就继续那次训练。"
    ),
    "See `paddlegan configs`. Default with --resume: the run's.": (
        "见 `paddlegan configs`。用 --resume 时默认为那次训练的。"
    ),
    "Replace a setting, such as train.epochs=100. Repeatable.": "替换一项设置，例如 train.epochs=100。可以多次使用。",
    "Folder of the run. Default: runs/ and the config's name.": "这次训练的文件夹。默认：runs/ 加配置的名字。",
    "Continue that run, or the one in --run-dir.": "继续那次训练，或 --run-dir 里的那次。",
    "Device to compute on. Default: the config's.": "计算所用的设备。默认：配置里的。",
    "Random seed. Default: the config's.": "随机种子。默认：配置里的。",
    "Check all of it, do one iteration, write nothing.": "全部检查一遍，只做一次迭代，什么也不写。",
    "Show warnings and errors only.": "只显示警告和错误。",
    "Show all of the log, with the whole config.": "显示全部日志，包括完整的配置。",
    "Print each event as a line of JSON on stdout.": "每个事件在标准输出上占一行 JSON。",
    "List the experiments that ship, for `train -c NAME`.": "列出内置的实验，用于 `train -c NAME`。",
    "Show the curves, pictures and histograms of a run in a browser (VisualDL).": (
        "在浏览器里查看一次训练的曲线、图片和直方图（VisualDL）。"
    ),
    "Show a training in one HTML file, or compare several: curves, previews, and whether to go on.\n\n"
    "With --json the judgements are printed and no file is written, unless --output is given.": (
        "用一个 HTML 文件展示一次训练，或对比几次：曲线、预览，以及要不要继续。\n\n"
        "用 --json 时打印判断结果，不写文件，除非给了 --output。"
    ),
    "Default: RUN/report.html; of several runs comparison.html.": (
        "默认：RUN/report.html；对比几次训练时为 comparison.html。"
    ),
    "Language of the page. Default: the browser's.": "页面的语言。默认：浏览器的语言。",
    "Address to listen at; 0.0.0.0 for other machines.": "监听的地址；要让别的机器访问，用 0.0.0.0。",
    "0 for any that is free.": "0 表示任意空闲端口。",
    "Check the pictures of a configuration, or of a folder.\n\n"
    "For a folder, also suggests a configuration. Exits with 2 on errors, which would stop a training; warnings would"
    " not.": (
        "检查一份配置或一个文件夹的图片。\n\n"
        "对文件夹还会给出一份建议的配置。有会使训练停止的错误时退出码为 2；警告不会使训练停止。"
    ),
    "Replace a setting, such as data.size=128. Repeatable.": "替换一项设置，例如 data.size=128。可以多次使用。",
    "List all findings, not only the first few of each kind.": "列出全部问题，而不只是每类的前几个。",
    # data
    "Degrade all pictures of a folder: salt-and-pepper noise, then a mean blur.\n\n"
    "DST gets the same folders and names, and a manifest: running the same command again makes only missing and changed"
    " pictures. A picture's noise depends only on its name and the seed.\n\n"
    "SRC - and DST - are one picture from standard input and its result on standard output.": (
        "把一个文件夹的图片全部变差：先加椒盐噪声，再做均值模糊。\n\n"
        "DST 中的文件夹和文件名与原来相同，另有一份清单：再次运行同样的命令，只会补上缺少的和改动过的图片。"
        "一张图片的噪声只取决于它的名字和种子。\n\n"
        "SRC 和 DST 都为 - 时，从标准输入读一张图片，结果写到标准输出。"
    ),
    "Fraction of the pixels set to black, and fraction set to white.": "变黑的像素比例，变白的也是这么多。",
    "Side of the mean blur.": "均值模糊的边长。",
    "Degrade like this instead, such as gaussian_noise:sigma=10, or sigma=5..25 at random. Repeatable, in order. See"
    " docs/degradations.md.": (
        "改用这种退化，例如 gaussian_noise:sigma=10，或随机的 sigma=5..25。"
        "可以多次使用，按顺序进行。见 docs/degradations.md。"
    ),
    "Seed of the noise.": "噪声的种子。",
    "Processes. Default: one per core.": "进程数。默认：每个核心一个。",
    "Degrade nothing: compare every file with the manifest.": "不做退化，只按清单核对每个文件。",
    "Then measure PSNR and SSIM of classical filters on the results.": "然后测量传统滤波器在结果上的 PSNR 和 SSIM。",
    "For --baselines; 0: all.": "用于 --baselines；0 表示全部。",
    # weight files
    "Show the contents of a weight file and how to use it, or the settings that made a picture.\n\n"
    "Takes checkpoints of this program, names of styles and models, PaddleGAN's .pdparams, PyTorch's .pth and"
    ' .safetensors. Nothing in the file is executed; "globals" are the functions and classes that other programs would'
    " look up on loading it.": (
        "显示一个权重文件的内容和用法，或生成一张图片时的设置。\n\n"
        "可读本程序的检查点、风格和模型的名字、PaddleGAN 的 .pdparams、PyTorch 的 .pth 和 .safetensors。"
        "文件里的任何代码都不会被执行；globals 是别的程序加载它时会去查找的函数和类。"
    ),
    "Convert any weight file to a checkpoint of this program, or a checkpoint to another program's file.\n\n"
    "The contents of FILE count, not its suffix. PaddleGAN loads .pdparams; pytorch-CycleGAN-and-pix2pix and CUT load"
    " .pth.": (
        "把任意权重文件转成本程序的检查点，或把检查点转成别的程序的文件。\n\n"
        "看的是 FILE 的内容，不是后缀。PaddleGAN 加载 .pdparams；pytorch-CycleGAN-and-pix2pix 和 CUT 加载 .pth。"
    ),
    "Ends in .ppgan, .pdparams or .pth.": "以 .ppgan、.pdparams 或 .pth 结尾。",
    "Which generator goes into a .pth; see `paddlegan inspect`.": "把哪个生成器写入 .pth；见 `paddlegan inspect`。",
    "Padding of the convolutions; with reflect, those that downsample have zeros. Default: by the names in the file.": (
        "卷积的填充；用 reflect 时，下采样的卷积仍补零。默认：由文件里的名字决定。"
    ),
    "Statistics of batch norms. Default: of the picture, as in PaddleGAN and in test.py without --eval.": (
        "批归一化用的统计量。默认：当前图片的，与 PaddleGAN 和不带 --eval 的 test.py 相同。"
    ),
    "Input and output of the net. Default: as its program has it.": "网络的输入和输出范围。默认：与原来的程序相同。",
    "Kind of norm, where the file does not tell.": "归一化的种类（文件里看不出来时）。",
    "Order of the colors. Default: as its program has it.": "颜色通道的顺序。默认：与原来的程序相同。",
    "The painting that a LapStyle file was trained on, stored in the checkpoint.": (
        "LapStyle 文件训练时所用的画作，会存入检查点。"
    ),
    "Export a net to files that other programs run, with a model card and a numerical check.\n\n"
    "Takes any weight file that `paddlegan inspect` reads, and the names of shipped styles. Export and net are run on"
    " the same pictures; if their results differ, nothing is written.": (
        "把网络导出成别的程序能运行的文件，附有模型说明和数值核对。\n\n"
        "可用 `paddlegan inspect` 能读的任意权重文件，以及内置风格的名字。"
        "导出的文件和原来的网络会在同样的图片上各跑一遍；结果不一致就什么也不写。"
    ),
    "Folder to create.": "要创建的文件夹。",
    "One ONNX file, or a program for Paddle Inference.": "一个 ONNX 文件，或一份 Paddle Inference 程序。",
    "For pictures of any size. This is the default.": "适用于任意大小的图片。这是默认。",
    "For pictures of this size alone.": "只适用于这个大小的图片。",
    "Store weights as float16: half the size, computed in float32.": "权重存为 float16：大小减半，计算仍用 float32。",
    "Painters: how often the photo is downsampled for the draft.": "用于绘画网络：为打底稿把照片缩小几次。",
    "List the models: those that ship, and others to fetch. Styles are listed by `paddlegan styles`.\n\n"
    "A model's name is accepted wherever a checkpoint is: --checkpoint NAME.": (
        "列出模型：内置的，以及可以下载的。风格见 `paddlegan styles`。\n\n"
        "凡是需要检查点的地方，都可以写模型名：--checkpoint NAME。"
    ),
    "Bring a model here.": "下载一个模型。",
    "Take it from there instead of the official address; the URL of a folder ends in /.": (
        "从那里获取，而不是官方地址；文件夹的 URL 以 / 结尾。"
    ),
    "Delete a model that was fetched.": "删除已下载的模型。",
    "Download published weights, such as vgg19, into the cache folder.": (
        "把公开发布的权重（例如 vgg19）下载到缓存文件夹。"
    ),
    "Take it from there instead of the official address.": "从这里取，而不从官方地址。",
    # how good results are
    "Measure a checkpoint on test pictures, or a folder of results against another folder.\n\n"
    "Pairs give PSNR, SSIM, MS-SSIM and LPIPS; two domains give KID, FID, the cycle-consistency error and the diversity"
    " of results; styles give distances to photo and painting. Two folders are compared picture by picture where names"
    " match, as two sets otherwise. docs/evaluation.md says what each number means.": (
        "在测试图片上评测检查点，或把一个文件夹里的结果与另一个文件夹相比。\n\n"
        "成对的图片给出 PSNR、SSIM、MS-SSIM 和 LPIPS；两个域给出 KID、FID、循环误差和结果的多样性；"
        "风格给出与照片和画作的距离。两个文件夹里名字相同的图片逐对比较，"
        "没有同名的就当作两个集合比较。每个数字的含义见 docs/evaluation.md。"
    ),
    "Test pictures for a checkpoint, in a layout that training takes; photos for a style.": (
        "用于检查点：训练时没有用过的图片，布局与训练数据相同；用于风格：照片。"
    ),
    "Split of the data: test, val or train. Default: test, else val.": (
        "数据的哪一部分：test、val 或 train。默认：test，没有则 val。"
    ),
    "The painting of a style. Repeatable.": "用于风格：那幅画作。可重复给出。",
    "Measure only this one. Repeatable.": "只测这个指标。可重复给出。",
    "Direction, such as a_to_b. Default: both.": "方向，例如 a_to_b。默认：两个方向。",
    "Whether B is the input of pairs. Default: as it was trained.": "成对图片中是否以 B 为输入。默认：与训练时相同。",
    "Reduce pictures to this short side first.": "先把图片缩小到这个短边长度。",
    "Only the first N pictures.": "只用前 N 张图片。",
    "Encoder of the metrics style and content.": "指标 style 和 content 所用的编码器。",
    "Write sheets of the best, median and worst pictures there.": "把最好、居中和最差的图片拼图写到这里。",
}
