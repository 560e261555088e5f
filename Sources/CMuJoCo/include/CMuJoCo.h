// MuJoCo's C interface. What can meet a fatal error of MuJoCo's is called through the functions below: they
// hand its message back, where MuJoCo itself would end the process.
#ifndef CMUJOCO_H
#define CMUJOCO_H

// A link to what scripts/setup unpacks.
#include <mujoco/mujoco.h>

// Of every function: `error` takes a message of at most `size` bytes with its zero. Those that return a
// status return 0, or 1 after an error; those that return a pointer return NULL after an error.

// Parses the model `name` among `files`.
mjSpec *cmujoco_parse(const char *name, const mjVFS *files, char *error, int size);

// The state that goes with a model.
mjData *cmujoco_make_data(const mjModel *model, char *error, int size);

// All quantities that follow from position, velocity and control, without a step in time.
int cmujoco_forward(const mjModel *model, mjData *data, char *error, int size);

// `steps` physics steps (at least 1) after which what follows from position and velocity is up to date, given
// that it is so before: the order in which dm_control steps by default (Tunyasuvunakool et al. 2020, arXiv
// 2006.12983, p. 6). Sensors are read in the last step alone.
int cmujoco_step(mjModel *model, mjData *data, int steps, char *error, int size);

// What a model needs to be drawn in the OpenGL context that is current, into a buffer of its own.
int cmujoco_make_context(const mjModel *model, mjrContext *context, char *error, int size);

// Draws the state as a camera sees it and reads the picture: RGB, rows from the bottom up.
int cmujoco_render(const mjModel *model, mjData *data, const mjvOption *option, mjvCamera *camera, mjvScene *scene,
                   mjrRect picture, const mjrContext *context, unsigned char *rgb, char *error, int size);

#endif
