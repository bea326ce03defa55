/* Runs the model of weights.ll through its typed functions. */
#include "net.h"
#include <stdio.h>

int main(void) {
  net_context *context;
  float y[3];
  if (net_create(1, &context) || net_run(context, y))
    return 1;
  printf("%g %g %g\n", y[0], y[1], y[2]);
  net_destroy(context);
  return 0;
}
