/* folder.h: a folder that a command makes, and that must go again when something fails. */
#ifndef CMPD_CTL_FOLDER_H
#define CMPD_CTL_FOLDER_H

/* folder_remove removes |path|: a file, or a folder of files. What cannot be removed is left, and nothing is
 * told: a fault is told already. */
void folder_remove(const char *path);

#endif
