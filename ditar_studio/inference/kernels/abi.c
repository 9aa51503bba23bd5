// The layout that this library was compiled with, for Python to compare with its own.

#include "abi.h"

#ifndef KERNELS_SOURCES
#define KERNELS_SOURCES ""
#endif

const char *kernels_sources(void) { return KERNELS_SOURCES; }

int64_t kernels_abi(int index) {
    static const int64_t layout[] = {
        KERNELS_VERSION, sizeof(Matrix),      sizeof(Block),    sizeof(Transformer),
        sizeof(Pass),    sizeof(Projections), sizeof(Sequence), sizeof(Solver),
        sizeof(ConvNeXt), sizeof(Unit),       sizeof(Stage),    sizeof(Chunk),
    };
    const int count = sizeof layout / sizeof *layout;
    return 0 <= index && index < count ? layout[index] : -1;
}
