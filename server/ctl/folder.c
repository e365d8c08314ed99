/* folder.c: see folder.h. */
#include "server/ctl/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "server/ctl/ctl.h"

void folder_remove(const char *path)
{
    char file[CTL_PATH_MAX];
    struct dirent *entry;
    DIR *dir = opendir(path);

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            ctl_path(file, path, entry->d_name))
            remove(file);
    if (dir != NULL)
        closedir(dir);
    remove(path);
}
