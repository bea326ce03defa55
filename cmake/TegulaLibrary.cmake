# How every library of the tree is built: warnings, sanitizers, and the one precompiled header
# that makes a pass file cost 0.4 CPU-seconds instead of 7.6.

add_compile_options(-Wall -Wextra -Wno-unused-parameter -Wnon-virtual-dtor -fvisibility-inlines-hidden)
if(NOT LLVM_ENABLE_RTTI)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
endif()
if(TEGULA_WERROR)
  add_compile_options(-Werror)
endif()
if(TEGULA_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
add_link_options(-fuse-ld=lld)

# tegula_add_library(Name source... [NO_MLIR] [ONNX] [DEPENDS target...] [LINK library...])
# A static library. NO_MLIR: it may not use MLIR or LLVM and gets no precompiled header. ONNX: it knows the
# onnx dialect, which is in its precompiled header.
function(tegula_add_library name)
  cmake_parse_arguments(ARG "NO_MLIR;ONNX" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(NOT ARG_NO_MLIR)
    if(ARG_ONNX)
      target_precompile_headers(${name} REUSE_FROM TegulaOnnxPrecompiled)
    else()
      target_precompile_headers(${name} REUSE_FROM TegulaPrecompiled)
    endif()
    target_link_libraries(${name} PUBLIC MLIR LLVM)
  endif()
endfunction()

# tegula_hash_generator(First.cpp [Other.cpp...]): TEGULA_GENERATOR_HASH in First.cpp, a hash of the named
# sources of this folder: cached code must not outlive what made it (Support/KernelCache.h).
function(tegula_hash_generator first)
  set(hashes "")
  foreach(source IN LISTS first ARGN)
    file(SHA256 ${CMAKE_CURRENT_SOURCE_DIR}/${source} hash)
    string(APPEND hashes ${hash})
  endforeach()
  string(SHA256 hash "${hashes}")
  set_source_files_properties(${first} PROPERTIES COMPILE_DEFINITIONS TEGULA_GENERATOR_HASH="${hash}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${first} ${ARGN})
endfunction()

# The two functions below are called from include/CMakeLists.txt only: mlir_tablegen writes below the
# calling folder's build folder, which must be <build>/include.

# tegula_add_passes(Folder Name): Passes.td of include/tegula/<Folder> to Passes.h.inc; declares
# register<Tegula><Name>Passes() and the target Tegula<Name>PassesIncGen.
function(tegula_add_passes folder name)
  set(LLVM_TARGET_DEFINITIONS ${PROJECT_SOURCE_DIR}/include/tegula/${folder}/Passes.td)
  mlir_tablegen(tegula/${folder}/Passes.h.inc -gen-pass-decls -name=Tegula${name})
  add_public_tablegen_target(Tegula${name}PassesIncGen)
endfunction()

# tegula_add_dialect(Folder Name dialect): <Name>Ops.td of include/tegula/<Folder> to <Name>Ops.*.inc and
# <Name>Dialect.*.inc; the target Tegula<Name>OpsIncGen.
function(tegula_add_dialect folder name dialect)
  set(LLVM_TARGET_DEFINITIONS ${PROJECT_SOURCE_DIR}/include/tegula/${folder}/${name}Ops.td)
  mlir_tablegen(tegula/${folder}/${name}Ops.h.inc -gen-op-decls)
  mlir_tablegen(tegula/${folder}/${name}Ops.cpp.inc -gen-op-defs)
  mlir_tablegen(tegula/${folder}/${name}Dialect.h.inc -gen-dialect-decls -dialect=${dialect})
  mlir_tablegen(tegula/${folder}/${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${dialect})
  add_public_tablegen_target(Tegula${name}OpsIncGen)
endfunction()
