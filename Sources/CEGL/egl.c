#include "CEGL.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// No prototype is called by name, so that nothing needs the library before `cegl_make`.
static struct {
  PFNEGLGETPROCADDRESSPROC get_address;
  PFNEGLINITIALIZEPROC initialize;
  PFNEGLCHOOSECONFIGPROC choose_config;
  PFNEGLBINDAPIPROC bind_api;
  PFNEGLCREATECONTEXTPROC create_context;
  PFNEGLMAKECURRENTPROC make_current;
  PFNEGLDESTROYCONTEXTPROC destroy_context;
  PFNEGLGETERRORPROC get_error;
  EGLDisplay display;
  EGLConfig config;
  // Why there is no display; empty if there is one.
  char problem[256];
} egl;

// clang-format off
static const EGLint wanted_config[] = {
    EGL_RED_SIZE, 8, EGL_GREEN_SIZE, 8, EGL_BLUE_SIZE, 8, EGL_ALPHA_SIZE, 8,
    EGL_DEPTH_SIZE, 24, EGL_STENCIL_SIZE, 8, EGL_COLOR_BUFFER_TYPE, EGL_RGB_BUFFER,
    EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_NONE,
};
// clang-format on

struct cegl_context {
  EGLContext context;
};

static int load(void) {
  // Global, since MuJoCo looks for OpenGL's functions by EGL's in all that is loaded.
  void *library = dlopen("libEGL.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    snprintf(egl.problem, sizeof egl.problem, "EGL cannot be loaded (%s)", dlerror());
    return 0;
  }
  struct {
    const char *name;
    void **function;
  } wanted[] = {
      {"eglGetProcAddress", (void **)&egl.get_address},     {"eglInitialize", (void **)&egl.initialize},
      {"eglChooseConfig", (void **)&egl.choose_config},     {"eglBindAPI", (void **)&egl.bind_api},
      {"eglCreateContext", (void **)&egl.create_context},   {"eglMakeCurrent", (void **)&egl.make_current},
      {"eglDestroyContext", (void **)&egl.destroy_context}, {"eglGetError", (void **)&egl.get_error},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    *wanted[i].function = dlsym(library, wanted[i].name);
    if (*wanted[i].function) continue;
    snprintf(egl.problem, sizeof egl.problem, "libEGL.so.1 has no %s", wanted[i].name);
    return 0;
  }
  return 1;
}

static void open_display(void) {
  if (!load()) return;
  PFNEGLQUERYDEVICESEXTPROC query = (PFNEGLQUERYDEVICESEXTPROC)egl.get_address("eglQueryDevicesEXT");
  PFNEGLGETPLATFORMDISPLAYEXTPROC of_platform =
      (PFNEGLGETPLATFORMDISPLAYEXTPROC)egl.get_address("eglGetPlatformDisplayEXT");
  EGLDeviceEXT devices[16];
  EGLint count = 0;
  int started = 0;
  if (query && of_platform && query(16, devices, &count)) {
    for (EGLint i = 0; i < count; i++) {
      EGLDisplay display = of_platform(EGL_PLATFORM_DEVICE_EXT, devices[i], NULL);
      if (display == EGL_NO_DISPLAY || !egl.initialize(display, NULL, NULL)) continue;
      started++;
      // A device may start and know OpenGL ES alone; then another one, such as the software renderer, is asked.
      EGLint configs = 0;
      if (!egl.choose_config(display, wanted_config, &egl.config, 1, &configs) || configs == 0) continue;
      egl.display = display;
      return;
    }
  }
  if (started == 0) {
    snprintf(egl.problem, sizeof egl.problem, "EGL finds no device to draw with, of %d", (int)count);
  } else {
    snprintf(egl.problem, sizeof egl.problem,
             "EGL finds no device that draws by OpenGL: %d of %d start, and none of them has a configuration for it",
             started, (int)count);
  }
}

cegl_context *cegl_make(char *error, int size) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_display);
  if (*egl.problem) {
    snprintf(error, size, "%s", egl.problem);
    return NULL;
  }
  // The choice of OpenGL over OpenGL ES is the thread's.
  EGLContext context = EGL_NO_CONTEXT;
  if (egl.bind_api(EGL_OPENGL_API)) {
    context = egl.create_context(egl.display, egl.config, EGL_NO_CONTEXT, NULL);
  }
  cegl_context *result = context == EGL_NO_CONTEXT ? NULL : malloc(sizeof *result);
  if (!result) {
    snprintf(error, size, "EGL makes no context for OpenGL (error 0x%x)", (unsigned)egl.get_error());
    return NULL;
  }
  result->context = context;
  return result;
}

int cegl_enter(cegl_context *context, char *error, int size) {
  if (egl.bind_api(EGL_OPENGL_API) && egl.make_current(egl.display, EGL_NO_SURFACE, EGL_NO_SURFACE, context->context)) {
    return 0;
  }
  snprintf(error, size, "EGL does not let this thread draw (error 0x%x)", (unsigned)egl.get_error());
  return 1;
}

void cegl_leave(void) { egl.make_current(egl.display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT); }

void cegl_free(cegl_context *context) {
  egl.destroy_context(egl.display, context->context);
  free(context);
}
