#include "CMuJoCo.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where this thread goes on after an error of MuJoCo's, and where its message goes.
static _Thread_local struct {
  jmp_buf back;
  int is_set;
  char *message;
  int size;
} guard;

static void on_message(const mjLogMessage *message) {
  // Warnings are counted in mjData, where the caller finds them; MuJoCo would write them to a file in the
  // current folder.
  if (message->level != mjLOG_ERROR) return;
  if (!guard.is_set) {
    // MuJoCo cannot go on, and nobody has said where to.
    fprintf(stderr, "MuJoCo: %s\n", message->subject);
    abort();
  }
  snprintf(guard.message, guard.size, "%s", message->subject);
  longjmp(guard.back, 1);
}

static void install_handler(void) { mju_setLogHandler(on_message); }

static void enter(char *error, int size) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install_handler);
  guard.message = error;
  guard.size = size;
  guard.is_set = 1;
}

// Runs `work`, which must hold nothing that has to be given back: an error leaves it in its middle.
#define GUARDED(work)         \
  do {                        \
    enter(error, size);       \
    if (setjmp(guard.back)) { \
      guard.is_set = 0;       \
      return FAILED;          \
    }                         \
    work;                     \
    guard.is_set = 0;         \
  } while (0)

#define FAILED NULL

mjSpec *cmujoco_parse(const char *name, const mjVFS *files, char *error, int size) {
  enter(error, size);
  // The parser is C++ and returns its errors by itself: nothing may jump over its frames. Nor over the compiler's.
  guard.is_set = 0;
  return mj_parseXML(name, files, error, size);
}

mjData *cmujoco_make_data(const mjModel *model, char *error, int size) {
  mjData *volatile data = NULL;
  GUARDED(data = mj_makeData(model));
  if (!data) snprintf(error, size, "there is not enough memory for the model's state");
  return data;
}

#undef FAILED
#define FAILED 1

int cmujoco_forward(const mjModel *model, mjData *data, char *error, int size) {
  GUARDED(mj_forward(model, data));
  return 0;
}

// Whether contacts come from named pairs of geoms alone, in a model that `step_by_pairs` is good for.
static int collides_by_pairs(const mjModel *model) {
  for (int i = 0; i < model->nbody; i++) {
    if (model->body_contype[i] || model->body_conaffinity[i]) return 0;
  }
  return model->npair > 0 && model->nflex == 0 && model->opt.integrator == mjINT_EULER &&
         model->opt.solver == mjSOL_NEWTON && model->opt.disableflags & mjDSBL_ISLAND;
}

// mj_step, without what nobody reads between physics steps: where cameras and lights are, and along which
// axis the geoms are spread most. mj_collision finds that axis before it looks for pairs among geoms, even
// where all pairs are named: to it the model has no geoms.
static void step_by_pairs(const mjModel *model, mjData *data) {
  mjModel without_geoms = *model;
  without_geoms.ngeom = 0;
  mj_checkPos(model, data);
  mj_checkVel(model, data);
  mj_kinematics(model, data);
  mj_comPos(model, data);
  mj_tendon(model, data);
  mj_makeM(model, data);
  mj_factorM(model, data);
  mj_collision(&without_geoms, data);
  mj_makeConstraint(model, data);
  mj_transmission(model, data);
  mj_fwdVelocity(model, data);
  mj_step2(model, data);
}

// Sensors change nothing but their own values, which every reading replaces: only the last step needs them.
static void step(mjModel *model, mjData *data, int steps) {
  const int is_euler = model->opt.integrator != mjINT_RK4;
  const int flags = model->opt.disableflags;
  const int by_pairs = collides_by_pairs(model);
  for (int i = 0; i < steps; i++) {
    model->opt.disableflags = i < steps - 1 ? flags | mjDSBL_SENSOR : flags;
    // The first half of the first step has been taken at the end of the last one.
    if (is_euler && i == 0) {
      mj_step2(model, data);
    } else if (by_pairs) {
      step_by_pairs(model, data);
    } else {
      mj_step(model, data);
    }
  }
  mj_step1(model, data);
}

static int guarded_step(mjModel *model, mjData *data, int steps, char *error, int size) {
  GUARDED(step(model, data, steps));
  return 0;
}

int cmujoco_step(mjModel *model, mjData *data, int steps, char *error, int size) {
  const int flags = model->opt.disableflags;
  const int status = guarded_step(model, data, steps, error, size);
  // An error may have left them changed.
  model->opt.disableflags = flags;
  return status;
}

static void make_context(const mjModel *model, mjrContext *context) {
  // The size of letters; no text is drawn.
  mjr_makeContext(model, context, mjFONTSCALE_100);
  mjr_setBuffer(mjFB_OFFSCREEN, context);
}

int cmujoco_make_context(const mjModel *model, mjrContext *context, char *error, int size) {
  GUARDED(make_context(model, context));
  if (context->currentBuffer == mjFB_OFFSCREEN) return 0;
  snprintf(error, size, "OpenGL offers no buffer to draw into");
  return 1;
}

static void render(const mjModel *model, mjData *data, const mjvOption *option, mjvCamera *camera, mjvScene *scene,
                   mjrRect picture, const mjrContext *context, unsigned char *rgb) {
  mjvPerturb nothing_dragged;
  mjv_defaultPerturb(&nothing_dragged);
  mjv_updateScene(model, data, option, &nothing_dragged, camera, mjCAT_ALL, scene);
  mjr_render(picture, scene, context);
  mjr_readPixels(rgb, NULL, picture, context);
}

int cmujoco_render(const mjModel *model, mjData *data, const mjvOption *option, mjvCamera *camera, mjvScene *scene,
                   mjrRect picture, const mjrContext *context, unsigned char *rgb, char *error, int size) {
  GUARDED(render(model, data, option, camera, scene, picture, context, rgb));
  return 0;
}
