"""What the window and the command line both say, in Simplified Chinese."""

NAME = "简体中文"

TEXTS = {
    # errors, by their code: {where} is the file, {line} the line of the command line
    "error_other": "{line}",
    "error_image": "图片有问题：{line}",
    "error_checkpoint": "检查点文件有问题：{line}",
    "error_engine": "计算引擎无法运行：{line}",
    "error_missing_package": "缺少软件包：{line}",
    "error_missing_extra": '未安装 {package}。请运行：pip install "ppgan-lite[{extra}]"',
    "error_file": "{where}：{why}",
    "error_missing": "{where}：文件不存在",
    "error_is_folder": "{where}：这是文件夹。请选择文件",
    "error_empty": "{where}：文件是空的",
    "error_unreadable": "{where}：无法读取（{why}）",
    "error_damaged": "{where}：无法解码（{why}）。文件已损坏或不完整",
    "error_no_picture": "{where}：不是可识别的图片格式",
    "error_no_pictures": "{where}：文件夹中没有图片",
    "error_too_large": "{where}：{size} 像素过大，最多 {most} 百万像素。请先缩小",
    "error_unwritable": "{where}：无法写入（{why}）",
    "error_name_pattern": "{where}：必须包含代表照片名的 {{name}}，还可包含 {{style}}",
    "error_no_settings": "{where}：其中没有本程序的设置",
    "error_needs_command": "{where}：混合了多种风格，或使用了另一张图片的色彩；请用命令 paddlegan again 重做",
    "error_part_gone": "{where}：生成时使用了 {name}，但在这里和它旁边都找不到",
    "error_exists": "{where}：文件已存在。请换一个名称",
    "error_is_read": "{where}：这就是照片或画作本身。请换一个名称",
    "error_unknown_suffix": "{where}：不支持写入这种格式。请使用 {known} 之一",
    "error_memory": "{where}：约需 {needed} GB 内存，目前可用 {free} GB。请先缩小照片",
    "error_no_checkpoint": "{where}：不是检查点文件",
    "error_damaged_checkpoint": "{where}：文件已损坏。请重新复制或下载",
    "error_too_new": "{where}：由更新的版本写入。请升级 ppgan_lite",
    "error_ambiguous_checkpoint": "无法确定这个检查点的网络：{line}",
    "error_unknown_task": "{where}：需要窗口不支持的输入或任务。请使用命令行",
    # of the service
    "error_busy": "服务繁忙，请在 {seconds} 秒后重试",
    "error_timed_out": "照片未能在 {seconds} 秒内完成。请稍后重试，或换一张较小的照片",
    "error_upload_too_large": "上传内容超过 {most} MB。请缩小照片，或另存为 JPEG",
    "error_upload_too_slow": "上传未能在 {seconds} 秒内完成",
    "error_unavailable": "服务暂时无法完成，原因见其日志",
    "error_not_served": "此服务不提供：{line}",
    "error_painting": "“自选画作”需要附上一幅画，其他风格则不需要",
}
