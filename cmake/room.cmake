# A room is a folder and a library: zahl_room(name FOLDER folder [APART files ...] [LIBS ...]
# [PRIVATE_LIBS ...]) takes every .cpp of the folder (not of folders in it) but those that stand
# APART in another library, so that a new file is in no list. SOURCES: a library of such files.
# Headers are included by their path from the root; what a room links is what it may see, and
# tests/guard/rooms.py holds the includes to the same edges.
function(zahl_room name)
  cmake_parse_arguments(ROOM "" "FOLDER" "APART;SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  set(ROOM_FILES)
  if(ROOM_FOLDER)
    file(GLOB ROOM_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ROOM_FOLDER}/*.cpp)
    list(REMOVE_ITEM ROOM_FILES ${ROOM_APART})
  endif()
  add_library(zahl_${name} ${ROOM_FILES} ${ROOM_SOURCES})
  target_include_directories(
    zahl_${name}
    PUBLIC ${PROJECT_SOURCE_DIR}
    PRIVATE ${CMAKE_CURRENT_BINARY_DIR}
  )
  target_link_libraries(zahl_${name} PUBLIC ${ROOM_LIBS} PRIVATE ${ROOM_PRIVATE_LIBS} zahl_warnings)
endfunction()
