"""What is wrong with a picture, in the reader's words."""

from app.core.i18n import _
from app.media.images import Broken, NotAPicture, PictureError, TooLarge, TooManyPixels


def words_for(error: PictureError) -> str:
    """One sentence that says what to do."""
    if isinstance(error, TooLarge):
        return _("The picture is larger than 10 MB. Please choose a smaller one.")
    if isinstance(error, TooManyPixels):
        return _("The picture has more than 40 million pixels. Please choose a smaller one.")
    if isinstance(error, Broken):
        return _("The picture is damaged. Please save it again, or choose another.")
    if isinstance(error, NotAPicture):
        return _("This is not a PNG, JPEG, WebP or HEIC picture.")
    return _("This picture could not be taken. Please choose another.")
