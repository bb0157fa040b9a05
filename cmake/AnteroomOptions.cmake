# What every target is compiled with. Nothing here is specific to one folder.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(ANTEROOM_SANITIZE "" CACHE STRING "Comma-separated sanitizers, e.g. address,undefined or thread")
option(ANTEROOM_COVERAGE "Build with coverage counters" OFF)
option(ANTEROOM_FUZZ "Build libFuzzer targets (clang only)" OFF)
option(ANTEROOM_WERROR "Treat warnings as errors" OFF)

find_program(ANTEROOM_CCACHE ccache)
if(ANTEROOM_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ANTEROOM_CCACHE})
endif()

# Carried as a target so that generated protobuf code can do without the warnings.
add_library(anteroom_warnings INTERFACE)
target_compile_options(anteroom_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wthread-safety-beta>
  $<$<BOOL:${ANTEROOM_WERROR}>:-Werror>)

if(ANTEROOM_SANITIZE)
  add_compile_options(-fsanitize=${ANTEROOM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ANTEROOM_SANITIZE})
  if(ANTEROOM_SANITIZE MATCHES "undefined")
    # This check opens a pipe to ask whether memory can be read: with no descriptor left it accuses every object.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(ANTEROOM_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # std::atomic_thread_fence in packaged headers
  endif()
endif()
if(ANTEROOM_COVERAGE)
  add_compile_options(--coverage -O0)
  add_link_options(--coverage)
endif()
if(ANTEROOM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "ANTEROOM_FUZZ needs clang (libFuzzer); use the preset `fuzz`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
add_compile_definitions(ANTEROOM_VERSION="${PROJECT_VERSION}")
