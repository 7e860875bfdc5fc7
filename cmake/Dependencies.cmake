# Every dependency comes from the system (Debian 12 packages; newer versions elsewhere work too).
# What is missing is named together with the command that installs it.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_package(Protobuf REQUIRED)
find_package(absl REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(OpenSSL REQUIRED)
find_package(GTest REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka>=2.0)
pkg_check_modules(ROCKSDB REQUIRED IMPORTED_TARGET rocksdb)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(CJOSE REQUIRED IMPORTED_TARGET cjose)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
find_package(prometheus-cpp CONFIG REQUIRED)

# gRPC's own CMake files look for what its libraries were built with; pkg-config knows better, but has
# no module for reflection.
pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++>=1.51)
find_library(GRPCPP_REFLECTION_LIBRARY grpc++_reflection REQUIRED HINTS ${GRPCPP_LIBRARY_DIRS})
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
add_library(tally_grpcpp INTERFACE)
target_link_libraries(tally_grpcpp INTERFACE ${GRPCPP_REFLECTION_LIBRARY} PkgConfig::GRPCPP)

# Not needed, but used when found: rebuilding after a switch of branches takes seconds.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
# librdkafka's messages are freed by another thread than the one that allocated them: jemalloc took a
# tenth less CPU time for a whole replay than glibc's malloc. Sanitizers bring their own.
if(NOT TALLY_SANITIZE)
  pkg_check_modules(JEMALLOC IMPORTED_TARGET jemalloc)
endif()
