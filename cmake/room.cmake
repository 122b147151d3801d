# zahl_room(name SOURCES ... [LIBS ...] [PRIVATE_LIBS ...]): the library of one room. Headers are included by their path
# from the root; what a room links is what it may see (tests/guard/test_tree.py holds the includes to the same list).
function(zahl_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(zahl_${name} ${ROOM_SOURCES})
  target_include_directories(
    zahl_${name}
    PUBLIC ${PROJECT_SOURCE_DIR}
    PRIVATE ${CMAKE_CURRENT_BINARY_DIR}
  )
  target_link_libraries(zahl_${name} PUBLIC ${ROOM_LIBS} PRIVATE ${ROOM_PRIVATE_LIBS} zahl_warnings)
endfunction()
