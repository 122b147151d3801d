# A room is a folder and a library: zahl_room(name FOLDER folder [LIBS ...] [PRIVATE_LIBS ...])
# takes every .cpp of the folder (not of folders in it), so that a new file is in no list. Headers
# are included by their path from the root; what a room links is what it may see, and
# tests/guard/rooms.py holds the includes to the same edges.
function(zahl_room name)
  cmake_parse_arguments(ROOM "" "FOLDER" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  file(GLOB ROOM_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ROOM_FOLDER}/*.cpp)
  add_library(zahl_${name} ${ROOM_FILES} ${ROOM_SOURCES})
  target_include_directories(
    zahl_${name}
    PUBLIC ${PROJECT_SOURCE_DIR}
    PRIVATE ${CMAKE_CURRENT_BINARY_DIR}
  )
  target_link_libraries(zahl_${name} PUBLIC ${ROOM_LIBS} PRIVATE ${ROOM_PRIVATE_LIBS} zahl_warnings)
endfunction()
