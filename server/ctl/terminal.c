/* terminal.c: see terminal.h. */
#include "server/ctl/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { USUAL_WIDTH = 80, USUAL_HEIGHT = 24 };

struct terminal terminal_size(void)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO))
        return (struct terminal){0, 0};
    /* A serial line does not tell. */
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return (struct terminal){USUAL_WIDTH, USUAL_HEIGHT};
    return (struct terminal){size.ws_col, size.ws_row};
}
