"""What the window and the command line both say, in English."""

NAME = "English"

TEXTS = {
    # errors, by their code: {where} is the file, {line} the line of the command line
    "error_other": "{line}",
    "error_image": "{line}",
    "error_checkpoint": "{line}",
    "error_engine": "{line}",
    "error_missing_package": "{line}",
    "error_missing_extra": '{package} is not installed. Install it with: pip install "ppgan-lite[{extra}]"',
    "error_file": "{where}: {why}",
    "error_missing": "{where}: does not exist",
    "error_is_folder": "{where}: is a folder. Choose a file",
    "error_empty": "{where}: the file is empty",
    "error_unreadable": "{where}: cannot be read ({why})",
    "error_damaged": "{where}: cannot be decoded ({why}). It is damaged or incomplete",
    "error_no_picture": "{where}: is not a picture of a known kind",
    "error_no_pictures": "{where}: has no pictures in it",
    "error_too_large": "{where}: {size} pixels are too many; at most {most} megapixels. Scale it down first",
    "error_unwritable": "{where}: cannot be written ({why})",
    "error_name_pattern": "{where}: must contain {{name}} for the photo's name, and may contain {{style}}",
    "error_no_settings": "{where}: holds no settings of ours",
    "error_needs_command": "{where}: mixes styles, or has the colors of another picture; use: paddlegan again",
    "error_part_gone": "{where}: was made with {name}, which is neither here nor beside it",
    "error_exists": "{where}: exists already. Choose another name",
    "error_is_read": "{where}: is the photo or the painting itself. Choose another name",
    "error_unknown_suffix": "{where}: pictures cannot be written in this format. Use one of {known}",
    "error_memory": "{where}: needs about {needed} GB of memory, and {free} GB are free. Scale the photo down first",
    "error_no_checkpoint": "{where}: is not a checkpoint",
    "error_damaged_checkpoint": "{where}: is damaged. Copy or download it again",
    "error_too_new": "{where}: was written by a newer version. Update ppgan_lite",
    "error_ambiguous_checkpoint": "{line}",
    "error_unknown_task": "{where}: has a task or needs inputs that the window does not know. Use the command line",
    # of the service
    "error_busy": "The service is busy. Try again in {seconds} s",
    "error_timed_out": "The photo was not done within {seconds} s. Try again later, or with a smaller photo",
    "error_upload_too_large": "The upload has more than {most} MB. Scale the photo down, or save it as JPEG",
    "error_upload_too_slow": "The upload was not complete after {seconds} s",
    "error_unavailable": "The service cannot do this now. Its log tells why",
    "error_not_served": "{line}",
    "error_painting": "{line}",
}
