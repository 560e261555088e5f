// OpenGL contexts without a screen, by EGL. The library is loaded when the first context is made, so that a
// program that draws nothing runs where there is none.
#ifndef CEGL_H
#define CEGL_H

// A context; it owns no surface, what is drawn goes to buffers of its own.
typedef struct cegl_context cegl_context;

// A new context on the first device that starts and has OpenGL, which without a GPU is Mesa's software renderer.
// Returns NULL if there is none; `error` then holds the reason, in at most `size` bytes with its zero.
cegl_context *cegl_make(char *error, int size);

// Makes the context the calling thread's. It must not be another thread's at the same time. Returns 0, or 1
// with the reason in `error`.
int cegl_enter(cegl_context *context, char *error, int size);

// Leaves the calling thread without a context, so that another thread can enter.
void cegl_leave(void);

// Frees a context that no thread is in.
void cegl_free(cegl_context *context);

#endif
