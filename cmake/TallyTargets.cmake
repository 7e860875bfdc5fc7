# tally_library(NAME SOURCES a.cc … DEPS x …): one component. Sources are listed explicitly.
# tally_test(NAME SOURCES a_test.cc … DEPS x …): one GoogleTest executable, registered with CTest.
add_library(tally_flags INTERFACE)
target_compile_options(tally_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                             -Woverloaded-virtual -Wno-missing-field-initializers)
# GCC 12 sees a mismatch in every inlined coroutine frame that Asio allocates and frees, and
# overlapping copies in inlined string concatenations (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tally_flags INTERFACE -Wno-mismatched-new-delete -Wno-restrict)
endif()
if(TALLY_WERROR)
  target_compile_options(tally_flags INTERFACE -Werror)
endif()
if(TALLY_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=${TALLY_ARCH})
endif()
if(TALLY_SANITIZE)
  add_compile_options(-fsanitize=${TALLY_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TALLY_SANITIZE})
  if(TALLY_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan)  # g++ warns of fences, which Asio has
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND TALLY_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=function)  # clang 14 makes no coroutines with it
    add_compile_options(-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitize_ignore.txt)
  endif()
endif()

function(tally_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE tally_flags)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
  endif()
endfunction()

function(tally_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} tally_flags GTest::gmock GTest::gtest
                                        GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  if(TALLY_SANITIZE MATCHES thread)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fakes/c11_threads.cc)
  endif()
  tally_sanitized_tests(${name})
endfunction()

# Tells the sanitizer about libraries that are built without it.
function(tally_sanitized_tests)
  if(TALLY_SANITIZE MATCHES thread)
    set_tests_properties(${ARGN} PROPERTIES ENVIRONMENT
      TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan_suppressions.txt)
  endif()
endfunction()
