//===- Program.cpp - The main program of an executable artifact ----------===//

#include "tegula/Runtime/Abi.h"

int main() { return tegula_model() ? 0 : 1; }
