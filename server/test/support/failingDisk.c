/*
 * Owns a disk that fails on command, put under one process with LD_PRELOAD: syncs that wait or fail, writes that find no room,
 * and a record of what a power cut would leave. Does not own when it fails: the test writes that into the control file.
 *
 * PARLEY_DISK_CONTROL  file with one word, read at each sync and write:
 *   pass | delay (20 ms per sync) | hold (syncs wait until the word changes) | fail (syncs: EIO) | full (writes: ENOSPC)
 * PARLEY_DISK_LOG      one line per sync: <enter ns> <leave ns> ok|EIO <file>, by CLOCK_MONOTONIC
 * PARLEY_DISK_MEDIUM   folder that holds what is on the medium: a write gets there with the next sync of its file that
 *   succeeds, and never when a sync fails first (the kernel then calls the page clean and keeps it in its cache only).
 *
 * Only files with "chat.sqlite" in their name are touched; names are those of one folder.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct change {
  struct change *next;
  char name[64];
  off64_t offset; /* of a write; the new length of a truncation */
  size_t length;
  int truncation;
  char data[];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct change *first, **last = &first; /* written, not synced */

static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void find_real(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
}

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The file's name in its folder, when it is one of ours. */
static int name_of(const char *path, char *name) {
  const char *slash = strrchr(path, '/');
  const char *base = slash ? slash + 1 : path;
  if (strncmp(base, "chat.sqlite", 11) != 0 || strlen(base) >= 64) return 0;
  strcpy(name, base);
  return 1;
}

static int name_of_fd(int fd, char *name) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return name_of(path, name);
}

static int told(const char *word) {
  char text[16] = "";
  const char *path = getenv("PARLEY_DISK_CONTROL");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  return length > 0 && strncmp(text, word, strlen(word)) == 0;
}

static void record(const char *name, int truncation, const void *data, size_t length, off64_t offset) {
  if (!getenv("PARLEY_DISK_MEDIUM")) return;
  struct change *change = malloc(sizeof *change + length);
  strcpy(change->name, name);
  change->next = NULL;
  change->truncation = truncation;
  change->offset = offset;
  change->length = length;
  if (length > 0) memcpy(change->data, data, length);
  pthread_mutex_lock(&mutex);
  *last = change;
  last = &change->next;
  pthread_mutex_unlock(&mutex);
}

/* Takes a file's changes off the list, and onto the medium when they are kept. */
static void flush(const char *name, int keep) {
  const char *medium = getenv("PARLEY_DISK_MEDIUM");
  if (!medium) return;
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", medium, name);
  pthread_mutex_lock(&mutex);
  int fd = keep ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  struct change **link = &first;
  while (*link) {
    struct change *change = *link;
    if (strcmp(change->name, name) != 0) {
      link = &change->next;
      continue;
    }
    int done = 0;
    if (fd >= 0 && change->truncation) done = real_ftruncate(fd, change->offset) == 0;
    if (fd >= 0 && !change->truncation)
      done = real_pwrite(fd, change->data, change->length, change->offset) == (ssize_t)change->length;
    if (fd >= 0 && !done) abort(); /* the test's own disk has a fault: no verdict */
    *link = change->next;
    free(change);
  }
  last = &first;
  while (*last) last = &(*last)->next;
  if (fd >= 0) close(fd);
  pthread_mutex_unlock(&mutex);
}

static int sync_file(int fd, int (*real)(int)) {
  char name[64];
  if (!name_of_fd(fd, name)) return real(fd);
  long long entered = now_ns();
  if (told("delay")) usleep(20000);
  while (told("hold")) usleep(1000);
  int failed = told("fail");
  int result = failed ? -1 : real(fd);
  flush(name, !failed);
  const char *log = getenv("PARLEY_DISK_LOG");
  int out = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (out >= 0) {
    dprintf(out, "%lld %lld %s %s\n", entered, now_ns(), failed ? "EIO" : "ok", name);
    close(out);
  }
  if (failed) errno = EIO;
  return result;
}

int fsync(int fd) { return sync_file(fd, real_fsync); }
int fdatasync(int fd) { return sync_file(fd, real_fdatasync); }

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  char name[64];
  if (!name_of_fd(fd, name)) return real_pwrite(fd, data, length, offset);
  if (told("full")) {
    errno = ENOSPC;
    return -1;
  }
  ssize_t written = real_pwrite(fd, data, length, offset);
  if (written > 0) record(name, 0, data, (size_t)written, offset);
  return written;
}

int ftruncate64(int fd, off64_t length) {
  char name[64];
  int result = real_ftruncate(fd, length);
  if (result == 0 && name_of_fd(fd, name)) record(name, 1, NULL, 0, length);
  return result;
}

/* Names are taken to be durable at once; contents are not. */
int unlink(const char *path) {
  char name[64], shadow[4096];
  int result = real_unlink(path);
  const char *medium = getenv("PARLEY_DISK_MEDIUM");
  if (result == 0 && medium && name_of(path, name)) {
    flush(name, 0);
    snprintf(shadow, sizeof shadow, "%s/%s", medium, name);
    real_unlink(shadow);
  }
  return result;
}
